import { expect, it } from 'vitest';
import { createCache, memoryStore } from '../../src/index.ts';
import { FakeClock, type FaultRates, FlakyStore } from '../../src/testing/index.ts';

// A `set` takes the lease of its key by force. When the store did not answer its fill, nobody gave that lease back, and each
// reader waited for a load that nobody ran: up to the `wait` of the type, five seconds.
it.each([
  ['never answered', { hangs: 1 }],
  ['refused', { rejects: 1 }],
] satisfies [string, FaultRates][])('a set whose fill was %s leaves no lease behind', async (_, fill) => {
  const clock = new FakeClock();
  const store = new FlakyStore(memoryStore({ clock }), { seed: 1, plan: { fill }, clock });
  const leads = createCache({ types: { lead: { ttl: '1h' } }, store, clock, logger: false }).type('lead');
  const set = leads.set(1, 'Ada');
  await clock.advance(50);
  expect(await set).toBe(false);
  store.plan = {};
  const read = leads.getOrSet(1, () => 'Bob');
  await clock.advance(1);
  expect(await read).toBe('Bob');
});
