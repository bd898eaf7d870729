export type { StoreHarness, TestRunner } from './contract-fixtures.ts';
export { describeStore } from './describe-store.ts';
export { FakeClock, settle } from './fake-clock.ts';
