import { sharedForPackages } from '../../vitest.shared.ts';

export default sharedForPackages;
