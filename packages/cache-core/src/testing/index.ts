export { describeStore, type StoreHarness, type TestRunner } from './describe-store.ts';
export { FakeClock, settle } from './fake-clock.ts';
