import { type CacheManager, createCacheManager } from '@huntly/cache-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { servedStore } from '../support/served-store.ts';

const served = servedStore();
let manager: CacheManager;
beforeAll(() => {
  manager = createCacheManager({ env: {}, store: served().store, storeBudget: false, logger: false });
});
afterAll(() => manager.close());

it('a search that is filled with a promise is found by others with its rows', async () => {
  const rows = [{ leadId: 7 }];
  const claim = await manager.claimSearch({ q: 'a' });
  expect(claim.hit || (await claim.fill(Promise.resolve(rows))).results).toBe(rows);
  expect((await manager.getCachedSearchResults({ q: 'a' }))?.results).toEqual(rows);
  await manager.invalidateLeadCache(7);
  expect(await manager.getCachedSearchResults({ q: 'a' })).toBeUndefined();
});

it.each<[string, unknown]>([
  ['a promise', { rows: Promise.resolve(1) }],
  ['a function', { load: () => 1 }],
  ['a Map', { rows: new Map([[1, 2]]) }],
])('a value that holds %s leaves nothing in the server', async (_what, value) => {
  const before = await served().server.cli('KEYS', 'lead:*');
  expect(await manager.cacheLeadData(1, value)).toBe(false);
  expect(await manager.type('lead').getOrSet(2, () => value)).toBe(value);
  expect(await manager.type('lead').setMany([[3, value]])).toBe(0);
  expect(await served().server.cli('KEYS', 'lead:*')).toEqual(before);
});
