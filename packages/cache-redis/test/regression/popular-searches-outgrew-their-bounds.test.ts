import { createCache, createCacheManager } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// A ranking was trimmed, and got its TTL, once a process had added 100 terms: forty short processes let one of 100 grow
// to 3,960, and the rankings of decayed counts stayed for ever. These began anew every 500 half-lives. And the log of
// each namespace that was read once had no TTL.

const AN_HOUR = 3_600_000;
const ERA_MS = 500 * AN_HOUR;
const BOUNDARY = Math.ceil(Date.UTC(2026, 0, 1) / ERA_MS) * ERA_MS;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());
beforeEach(() => server.cli('FLUSHALL'));

/** As a process of its own would have it. */
async function open(clock: FakeClock, popularSearches: { capacity?: number; halfLife?: string }) {
  const store = redisStore({ url: server.url });
  await ready(store);
  return createCacheManager({
    env: {},
    logger: false,
    store,
    storeBudget: false,
    clock,
    popularSearches: popularSearches as object,
  });
}

/** Keys that will stay for ever. */
async function immortal(): Promise<string[]> {
  const keys = (await server.cli('KEYS', '*')) as string[];
  const lives = await Promise.all(keys.map((key) => server.cli('PTTL', key)));
  return keys.filter((_key, index) => lives[index] === -1);
}

it('many short processes keep a ranking within its capacity', async () => {
  const clock = new FakeClock();
  for (let process = 0; process < 40; process++) {
    const manager = await open(clock, { capacity: 100 });
    for (let term = 0; term < 99; term++) await manager.addPopularSearch(`${process} ${term}`);
    await manager.addPopularSearch('loved');
    await manager.close();
    expect(Number(await server.cli('ZCARD', 'popular_searches'))).toBeLessThanOrEqual(125);
  }
  const manager = await open(clock, { capacity: 100 });
  expect(await manager.getPopularSearches(1)).toEqual([{ query: 'loved', count: 40 }]);
  await manager.close();
});

it('a ranking of decayed counts ends, however little was added', async () => {
  const manager = await open(new FakeClock(BOUNDARY - 1), { halfLife: '1h' });
  await manager.addPopularSearch('acme');
  await manager.close();
  expect(await immortal()).toEqual([]);
  expect(await server.cli('KEYS', '*')).toHaveLength(1);
});

it('decayed counts outlive the boundaries of 500 half-lives, and are those of all processes', async () => {
  const clock = new FakeClock(BOUNDARY - 60_000);
  const early = await open(clock, { halfLife: '1h' });
  for (let times = 0; times < 40; times++) await early.addPopularSearch('before');
  await early.close();
  const [one, other] = [await open(clock, { halfLife: '1h' }), await open(clock, { halfLife: '1h' })];
  for (let times = 0; times < 8; times++) await one.addPopularSearch('before');
  await one.getPopularSearches(1); // what waits in the process is sent
  await clock.advance(120_000);
  for (let times = 0; times < 10; times++) await other.addPopularSearch('after');
  await other.getPopularSearches(1);
  const expected = [
    { query: 'before', count: 47 }, // 48, two minutes later
    { query: 'after', count: 10 },
  ];
  expect([await one.getPopularSearches(), await other.getPopularSearches()]).toEqual([expected, expected]);
  await Promise.all([one.close(), other.close()]);
});

it('the log of a namespace that is read, or invalidated, once ends', async () => {
  const store = redisStore({ url: server.url });
  await ready(store);
  const types = { lead: { ttl: '1h' } } as const;
  for (const namespace of ['read', 'invalidated']) {
    const cache = createCache({ types, store, namespace, storeBudget: false, logger: false });
    if (namespace === 'read') await cache.type('lead').claim(1);
    else await cache.invalidateTags(['acme']);
    expect(await server.cli('EXISTS', `${namespace}/tag`)).toBe(1);
  }
  expect(await immortal()).toEqual([]);
  expect(await server.cli('PERSIST', 'read/tag')).toBe(1); // as an earlier version left it
  await createCache({ types, store, namespace: 'read', storeBudget: false, logger: false }).type('lead').claim(2);
  expect(await immortal()).toEqual([]);
  await store.close();
});
