import { publishedBuild } from '../../tsup.shared.ts';

export default publishedBuild({ index: 'src/index.ts', metrics: 'src/metrics-route.ts' });
