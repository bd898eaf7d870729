import type { Store } from '../store/store.ts';
import type { StoreHarness, TestRunner } from './contract-fixtures.ts';
import { describeInvalidation, describeSweeps } from './contract-invalidation.ts';
import { describeLeases } from './contract-leases.ts';
import { describeRankings, describeValues } from './contract-values.ts';

/** The Store contract as tests: every store of this toolkit passes them, and so should yours. */
export function describeStore(runner: TestRunner, name: string, open: () => Promise<StoreHarness>): void {
  const it = (title: string, body: (store: Store, harness: StoreHarness) => Promise<void>) =>
    runner.it(title, async () => {
      const harness = await open();
      try {
        await body(harness.store, harness);
      } finally {
        await harness.close();
      }
    });

  runner.describe(`the Store contract: ${name}`, () => {
    runner.describe('values', () => describeValues(it));
    runner.describe('leases', () => describeLeases(it));
    runner.describe('invalidation', () => describeInvalidation(it));
    runner.describe('sweeps', () => describeSweeps(it));
    runner.describe('rankings', () => describeRankings(it));
  });
}
