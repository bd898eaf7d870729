import { createCache } from '@huntly/cache-core';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { HEARTBEAT_MS } from './listening.ts';

const types = { lead: { ttl: '1h', tags: ['leads'] } } as const;

/** A cache as another process would have it: with a store, a channel and copies of its own. */
function open({ url }: RedisServer) {
  return createCache({
    namespace: 'shop',
    types,
    store: redisStore({ url, heartbeatMs: HEARTBEAT_MS }),
    storeBudget: '5s', // this is not about slow servers
    local: true,
    logger: false,
  });
}

describe('copies of the children of a cache', () => {
  it('cost one connection together, and follow invalidations in other processes', async () => {
    const server = await startRedis();
    const [here, there] = [open(server), open(server)];
    await Promise.all([here.ready(), there.ready()]);
    const names = Array.from({ length: 30 }, (_, index) => `tenant-${index}`);
    const children = names.map((name) => here.child(name));
    let version = 1;
    const load = (cache: typeof here) => cache.type('lead').getOrSet(1, async () => version);
    const untilCopied = (cache: typeof here) =>
      until('a copy', async () => {
        const before = cache.stats().lead.localHits;
        await load(cache);
        return cache.stats().lead.localHits > before || undefined;
      });
    for (const child of children) await untilCopied(child);
    const clients = String(await server.cli('CLIENT', 'LIST'));
    expect(clients.match(/name=huntly-cache-announcements /g)).toHaveLength(2); // of `here` and of `there`

    version = 2;
    const [byKey, byTag, byType] = names.map((name) => there.child(name));
    await byKey?.type('lead').invalidate(1);
    await byTag?.invalidateTags(['leads']);
    await byType?.type('lead').invalidateAll();
    await here.barrier();
    expect(await Promise.all(children.slice(0, 4).map(load))).toEqual([2, 2, 2, 1]);
    await Promise.all([here.close(), there.close()]);
    await server.stop();
  });
});

describe('children of a cache without a namespace', () => {
  it('have channels of their own, of whose number Node does not warn', async () => {
    const server = await startRedis();
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const cache = createCache({ types, store: redisStore({ url: server.url }), local: true, logger: false });
    await cache.ready();
    const children = Array.from({ length: 15 }, (_, index) => cache.child(`tenant-${index}`));
    await until('a channel each', async () => {
      const clients = String(await server.cli('CLIENT', 'LIST'));
      return clients.match(/name=huntly-cache-announcements /g)?.length === 16 || undefined;
    });
    await Promise.all(children.map((child) => child.close()));
    await cache.close();
    process.off('warning', note);
    expect(warnings).toEqual([]);
    await server.stop();
  });
});

describe('copies of two caches on one Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it.each([
    ['its key', (cache: ReturnType<typeof open>) => cache.type('lead').invalidate(1)],
    ['its tag', (cache: ReturnType<typeof open>) => cache.invalidateTags(['leads'])],
    ['its type', (cache: ReturnType<typeof open>) => cache.type('lead').invalidateAll()],
    ['its pattern', (cache: ReturnType<typeof open>) => cache.invalidatePattern('lead:*')],
    ['a foreign SET', () => server.cli('SET', 'shop/lead:1', 'x')],
    ['a foreign FLUSHALL', () => server.cli('FLUSHALL')],
  ])('are served without asking, and follow an invalidation by %s', async (_what, invalidate) => {
    const [here, there] = [open(server), open(server)];
    await Promise.all([here.ready(), there.ready()]);
    let version = 0;
    const load = (cache: typeof here) => cache.type('lead').getOrSet(1, async () => ({ version }));
    for (let round = 0; round < 20; round++) {
      version = round;
      await invalidate(there);
      await here.barrier();
      expect(await load(here)).toEqual({ version });
      for (let again = 0; again < 10; again++) expect(await load(here)).toEqual({ version });
    }
    expect(here.stats().lead.localHits, 'a cache without copies would pass as well').toBeGreaterThan(20);
    await Promise.all([here.close(), there.close()]);
  });
});
