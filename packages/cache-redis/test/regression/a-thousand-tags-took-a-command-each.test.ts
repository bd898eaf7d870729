import { type Cache, createCache } from '@huntly/cache-core';
import { startCluster, startRedis } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// A result with 1,000 leads has 1,000 tags. Its fill sent a SET and a PEXPIRE for each, and a hit built each name four
// times: of 20 callers at a time none got a hit, since the store gave no answer within the time of a request.

const types = { search: { ttl: '1h' } } as const;
const TAGS = Array.from({ length: 1_000 }, (_, index) => `lead:${index}`);

/** Commands that clients sent, by name, without those of scripts. */
async function sentDuring(client: Redis, body: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const monitor = await client.monitor();
  monitor.on('monitor', (_time: string, [name = '']: string[], source: string) => {
    if (source !== 'lua' && name.toLowerCase() !== 'time')
      counts[name.toLowerCase()] = (counts[name.toLowerCase()] ?? 0) + 1;
  });
  await body();
  await client.echo('the end');
  await new Promise<void>((resolve) => {
    const look = () => (counts['echo'] ? resolve() : setImmediate(look));
    look();
  });
  monitor.disconnect();
  const { echo: _, ...rest } = counts;
  return rest;
}

describe('on one server', () => {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let client: Redis;
  let cache: Cache<typeof types>;
  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    const store = redisStore({ url: server.url });
    await ready(store);
    cache = createCache({ types, store, storeBudget: false, logger: false, random: () => 0 });
  });
  afterAll(async () => {
    await cache.close();
    client.disconnect();
    await server.stop();
  });
  beforeEach(() => client.flushall());

  const fill = async (id: number, options: { known?: string[]; late?: string[] }) => {
    const claim = await cache.type('search').claim(id, { tags: options.known ?? [] });
    if (!claim.hit) await claim.fill('a result', { tags: options.late ?? [] });
  };

  it.each([
    ['late', { late: TAGS }],
    ['known', { known: TAGS }],
  ] as const)('a load with %s tags sends a few commands, new tags or not', async (_kind, options) => {
    await fill(0, {}); // so that the server knows the scripts
    for (const id of [1, 2, 3]) {
      const sent = await sentDuring(client, () => fill(id, options as { late?: string[]; known?: string[] }));
      const count = Object.values(sent).reduce((total, each) => total + each, 0);
      expect(count, JSON.stringify(sent)).toBeLessThanOrEqual(11);
      expect(sent).not.toHaveProperty('pexpire');
      expect(sent).not.toHaveProperty('set');
    }
    expect(await client.exists('tag:lead%3A0', 'tag:lead%3A999', 'tag:search')).toBe(3);
    const hit = await sentDuring(client, () => cache.type('search').get(1));
    expect(hit).toEqual({ mget: 2 }); // 1,002 keys are asked for in two parts
    await cache.invalidateTags(['lead:999']);
    expect(await cache.type('search').get(1)).toBeUndefined();
  });

  it('twenty callers at a time get twenty hits', async () => {
    const callers = Array.from({ length: 20 }, (_, id) => id);
    const tagsOf = (id: number) => TAGS.map((tag) => `${tag} ${id}`);
    await Promise.all(callers.map((id) => fill(id, { late: tagsOf(id) })));
    const { hits, storeErrors } = cache.stats().search;
    await Promise.all(callers.map((id) => cache.type('search').get(id)));
    expect(cache.stats().search).toMatchObject({ hits: hits + 20, storeErrors });
    await cache.invalidateTags(['lead:7 7']);
    expect(await Promise.all(callers.map((id) => cache.type('search').get(id)))).toEqual(
      callers.map((id) => (id === 7 ? undefined : 'a result')),
    );
  });

  it('more tags than one script takes are all sampled, also right after the server has lost its scripts', async () => {
    const tags = Array.from({ length: 2_500 }, (_, index) => `many:${index}`);
    const both = () => Promise.all([1, 2].map((id) => cache.type('search').get(id)));
    for (const tag of ['many:0', 'many:2499']) {
      await client.script('FLUSH');
      await fill(1, { known: tags });
      await client.script('FLUSH');
      await fill(2, { late: tags });
      expect(await both()).toEqual(['a result', 'a result']);
      await cache.invalidateTags([tag]);
      expect(await both()).toEqual([undefined, undefined]);
    }
  });
});

describe('on a Cluster', () => {
  it('a thousand tags are sampled and compared, whichever nodes they live on', async () => {
    const cluster = await startCluster();
    const store = redisStore({ cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
    await ready(store);
    const results = createCache({ types, store, storeBudget: false, logger: false });
    for (const [id, options] of [
      [1, { tags: TAGS }],
      [2, {}],
    ] as const) {
      const claim = await results.type('search').claim(id, options);
      if (!claim.hit) await claim.fill('a result', { tags: TAGS });
      expect(await results.type('search').get(id)).toBe('a result');
    }
    await results.invalidateTags(['lead:500']);
    expect(await results.type('search').get(1)).toBeUndefined();
    expect(await results.type('search').get(2)).toBeUndefined();
    await results.close();
    await cluster.stop();
  });
});
