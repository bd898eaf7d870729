import { publishedBuild } from '../../tsup.shared.ts';

export default publishedBuild({ index: 'src/index.ts', 'testing/index': 'src/testing/index.ts' });
