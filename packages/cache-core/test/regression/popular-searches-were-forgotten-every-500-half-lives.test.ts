import { expect, it } from 'vitest';
import { createCacheManager, memoryStore, type Store } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

// Decayed counts were kept in one ranking for each 500 half-lives since 1970, so that no score outgrew a number. At
// each multiple, with '1h' every 20.8 days, a new and empty one began: all counts were gone at once.

const AN_HOUR = 3_600_000;
const ERA_MS = 500 * AN_HOUR;
/** The next multiple after the beginning of 2026. */
const BOUNDARY = Math.ceil(Date.UTC(2026, 0, 1) / ERA_MS) * ERA_MS;

function open(store: Store, clock: FakeClock) {
  return createCacheManager({ env: {}, logger: false, store, clock, popularSearches: { halfLife: '1h' } });
}

it.each([
  ['kept by the store', (clock: FakeClock) => memoryStore({ clock })],
  ['kept in the process', (clock: FakeClock) => Object.assign(memoryStore({ clock }), { ranking: undefined }) as Store],
])('counts fade over the boundary as at any other time, %s', async (kept, storeOf) => {
  const clock = new FakeClock(BOUNDARY - 60_000);
  const store = storeOf(clock);
  const one = open(store, clock);
  const other = kept === 'kept by the store' ? open(store, clock) : one;
  for (let times = 0; times < 40; times++) await (times % 2 === 0 ? one : other).addPopularSearch('before');
  await clock.advance(120_000);
  for (let times = 0; times < 10; times++) await other.addPopularSearch('after');
  await other.addPopularSearch('before');
  await clock.advance(1_000);
  expect(await one.getPopularSearches()).toEqual([
    { query: 'before', count: 40 },
    { query: 'after', count: 10 },
  ]);
  await clock.advance(AN_HOUR);
  expect(await other.getPopularSearches()).toEqual([
    { query: 'before', count: 20 },
    { query: 'after', count: 5 },
  ]);
  expect(await one.removePopularSearch('before')).toBe(true);
  expect(await other.getPopularSearches()).toEqual([{ query: 'after', count: 5 }]);
});

it('no span of time is too long, and none too short', async () => {
  const clock = new FakeClock(BOUNDARY);
  const manager = createCacheManager({ env: {}, logger: false, clock, popularSearches: { halfLife: 1 } });
  for (let times = 0; times < 1_000; times++) await manager.addPopularSearch('at once');
  expect(await manager.getPopularSearches()).toEqual([{ query: 'at once', count: 1_000 }]);
  await clock.advance(10 * 365 * 24 * AN_HOUR);
  expect(await manager.getPopularSearches()).toEqual([]);
  await manager.addPopularSearch('at once');
  expect(await manager.getPopularSearches()).toEqual([{ query: 'at once', count: 1 }]);
});
