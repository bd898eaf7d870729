import { createCache } from '@huntly/cache-core';
import { expect, it } from 'vitest';
import { servedStore } from '../support/served-store.ts';

const served = servedStore();

it('expire drops a value of another program where its type reads it, and leaves it where it does not', async () => {
  const { server, store } = served();
  const types = { theirs: { ttl: '1h', foreign: true, grace: '1h' }, ours: { ttl: '1h', grace: '1h' } } as const;
  const cache = createCache({ types, store, storeBudget: false, logger: false });
  const theirs = cache.type('theirs');
  await server.cli('SET', theirs.keyOf(1), '"by another program"');
  expect(await theirs.get(1)).toBe('by another program');
  expect(await theirs.expire(1)).toBe(true);
  expect(await theirs.get(1)).toBeUndefined();
  expect(await theirs.getOrSet(1, () => 'loaded')).toBe('loaded');

  await theirs.set(2, 'ours');
  await theirs.expire(2); // one of ours in such a type is stale, and not gone
  expect(await theirs.getOrSet(2, () => 'loaded')).toBe('ours');

  const ours = cache.type('ours');
  await server.cli('SET', ours.keyOf(1), '"by another program"');
  await server.cli('HSET', theirs.keyOf(3), 'field', '1');
  expect([await ours.expire(1), await theirs.expire(3)]).toEqual([true, true]);
  expect(await server.cli('EXISTS', ours.keyOf(1), theirs.keyOf(3))).toBe(2);
});
