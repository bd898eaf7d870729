import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCache, memoryStore } from '../../src/index.ts';
import { FakeClock, type FaultRates, FlakyStore } from '../../src/testing/index.ts';

const BUDGET_MS = 50;
const LOAD_MS = 5;

/** Any shares of faults, together up to all calls. */
const rates: fc.Arbitrary<FaultRates> = fc
  .record({
    rejects: fc.double({ min: 0, max: 1, noNaN: true }),
    hangs: fc.double({ min: 0, max: 1, noNaN: true }),
    late: fc.double({ min: 0, max: 1, noNaN: true }),
    lost: fc.double({ min: 0, max: 1, noNaN: true }),
    total: fc.constantFrom(0.01, 0.3, 1),
  })
  .map(({ rejects, hangs, late, lost, total }) => {
    const scale = total / Math.max(1e-9, rejects + hangs + late + lost);
    return { rejects: rejects * scale, hangs: hangs * scale, late: late * scale, lost: lost * scale };
  });

/** P4. Each read is of a key of its own: waiting for somebody else's load is no time of the store. */
describe('a store whose calls go wrong', () => {
  it('costs no read its value, nor more than the budget', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), rates, fc.integer({ min: 1, max: 5 }), async (seed, all, atOnce) => {
        const clock = new FakeClock();
        const store = new FlakyStore(memoryStore({ clock }), { seed, plan: { all }, clock });
        const cache = createCache({ types: { lead: { ttl: '1h' } }, store, clock, logger: false });
        const leads = cache.type('lead');
        let id = 0;
        const read = async (): Promise<number> => {
          const wanted = id++;
          const askedAt = clock.now();
          const load = () => new Promise<number>((resolve) => void clock.after(LOAD_MS, () => resolve(wanted)));
          expect(await leads.getOrSet(wanted, load)).toBe(wanted);
          return clock.now() - askedAt;
        };
        for (let round = 0; round < 8; round++) {
          const reads = Promise.all(Array.from({ length: atOnce }, read));
          await clock.advance(BUDGET_MS + LOAD_MS);
          for (const tookMs of await reads) expect(tookMs).toBeLessThanOrEqual(BUDGET_MS + LOAD_MS);
          await clock.advance(round * 40);
        }
      }),
      { numRuns: 60 },
    );
  });
});
