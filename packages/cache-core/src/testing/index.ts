export type { StoreHarness, TestRunner } from './contract-fixtures.ts';
export { describeStore } from './describe-store.ts';
export { FakeClock, settle } from './fake-clock.ts';
export { type FaultPlan, type FaultRates, type FlakyCall, type FlakyOptions, FlakyStore } from './flaky-store.ts';
