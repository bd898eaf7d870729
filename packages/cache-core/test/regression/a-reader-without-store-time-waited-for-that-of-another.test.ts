import { expect, it, vi } from 'vitest';
import { createCache, memoryStore } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

// A reader whose read got no answer joined the flight of one that was still asking the store for a lease. So a request could
// cost the store time of two.

it('loads as soon as its own is over', async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock });
  const never = () => new Promise<never>(() => {});
  vi.spyOn(store, 'read').mockImplementationOnce(never);
  vi.spyOn(store, 'lease').mockImplementation(never);
  const leads = createCache({ types: { lead: { ttl: '1h' } }, store, clock, logger: false }).type('lead');
  const silent = leads.getOrSet(1, () => `loaded at ${clock.now()}`);
  await clock.advance(30);
  const slow = leads.getOrSet(1, () => `loaded at ${clock.now()}`); // its read is answered, its lease is not
  await clock.advance(20);
  expect(await silent).toBe('loaded at 50');
  await clock.advance(30);
  expect(await slow).toBe('loaded at 80');
});
