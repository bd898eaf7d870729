import { createCache } from '@huntly/cache-core';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// The first fill of each process extended the nonce of its type by a second or two, which the server announced like an
// invalidation: a rolling deploy dropped all local copies once a process. And each new tag filled the table of
// announced tags, until all copies went.

const types = { lead: { ttl: '1h' }, search: { ttl: '1h' }, archive: { ttl: '60d' } } as const;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

/** As another process would have it. */
async function open({ local = false } = {}) {
  const store = redisStore({ url: server.url });
  await ready(store);
  return createCache({ types, store, storeBudget: false, local, logger: false });
}

type Opened = Awaited<ReturnType<typeof open>>;
/** The one that makes the nonce of a common tag live long comes first: it is extended once, and that is announced. */
const TYPES = ['archive', 'lead', 'search'] as const;

/** One value of each type, which leaves a copy. */
async function copyOfEach(cache: Opened): Promise<void> {
  for (const type of TYPES) {
    await cache.type(type).set('known', 'Ada', { tags: ['acme'] });
    await until('a copy', async () => {
      const before = cache.stats()[type].localHits;
      await cache.type(type).get('known');
      return cache.stats()[type].localHits > before || undefined;
    });
  }
  await cache.barrier();
}

/** Reads once, after everything that has happened was announced. */
async function localHits(cache: Opened): Promise<number[]> {
  await cache.barrier();
  const before = TYPES.map((type) => cache.stats()[type].localHits);
  for (const type of TYPES) await cache.type(type).get('known');
  return TYPES.map((type, index) => cache.stats()[type].localHits - (before[index] ?? 0));
}

it('fills of other processes, with tags old and new, leave the copies of others alone', async () => {
  const reader = await open({ local: true });
  await copyOfEach(reader);
  for (let deployed = 0; deployed < 3; deployed++) {
    const writer = await open();
    for (const type of TYPES) {
      const values = writer.type(type);
      await values.set(`new ${deployed}`, 'Bob', { tags: ['acme', `new ${deployed}`] });
      await values.getOrSet(`late ${deployed}`, () => 'Eve', { tags: () => ['acme', `late ${deployed}`] });
    }
    await writer.close(); // and its fills are done
  }
  expect(await localHits(reader)).toEqual([1, 1, 1]);
  const writer = await open();
  await writer.invalidateTags(['acme']);
  expect(await localHits(reader)).toEqual([0, 0, 0]);
  await Promise.all([reader.close(), writer.close()]);
});

it('more new tags than a process remembers leave its copies alone', async () => {
  const reader = await open({ local: true });
  await copyOfEach(reader);
  const writer = await open();
  for (let round = 0; round <= 100; round++) {
    const tags = Array.from({ length: 1_000 }, (_, index) => `tag ${round} ${index}`);
    const reading = reader.type('lead').get(`absent ${round}`); // a read is under way at most times
    await writer.type('search').set(round, 'a result', { tags });
    await reading;
  }
  expect(await localHits(reader)).toEqual([1, 1, 1]);
  await Promise.all([reader.close(), writer.close()]);
});
