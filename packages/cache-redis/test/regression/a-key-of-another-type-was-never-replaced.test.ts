import { type Cache, createCache, type Store } from '@huntly/cache-core';
import { type RedisServer, startCluster, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type RedisStoreOptions, redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// A hash under the key of a value: GET refuses it, which failed all keys of its node in a Cluster; MGET calls it absent, but the
// lease script called it filled, so that readers went round sixteen times and stored nothing.

interface Target {
  readonly options: RedisStoreOptions;
  serverOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

const TARGETS: Record<string, () => Promise<Target>> = {
  'one server': async () => {
    const server = await startRedis();
    return { options: { url: server.url }, serverOf: async () => server, stop: () => server.stop() };
  },
  'a Cluster': async () => {
    const cluster = await startCluster();
    const seeds = cluster.nodes.map(({ host, port }) => ({ host, port }));
    return { options: { cluster: seeds }, serverOf: (key) => cluster.nodeOf(key), stop: () => cluster.stop() };
  },
};
const INTRUDERS: Record<string, string[]> = {
  hash: ['HSET', 'lead:1', 'name', 'Mallory'],
  set: ['SADD', 'lead:1', 'Mallory'],
  list: ['RPUSH', 'lead:1', 'Mallory'],
  'sorted set': ['ZADD', 'lead:1', '1', 'Mallory'],
  stream: ['XADD', 'lead:1', '*', 'name', 'Mallory'],
};

describe.each(Object.entries(TARGETS))('a key of another Redis type, on %s', (_name, open) => {
  let target: Target;
  let store: Store;
  let cache: Cache<{ lead: { ttl: '1h' } }>;
  beforeAll(async () => {
    target = await open();
    store = redisStore(target.options);
    cache = createCache({ types: { lead: { ttl: '1h' } }, store, storeBudget: false, logger: false });
    await ready(store);
  });
  afterAll(async () => {
    await cache.close();
    await target.stop();
  });
  beforeEach(async () => {
    const server = await target.serverOf('lead:1');
    await server.cli('DEL', 'lead:1');
  });

  it.each(Object.entries(INTRUDERS))(
    '(a %s) is a miss, loaded once, and replaced by the next fill',
    async (_type, intruder) => {
      const leads = cache.type('lead');
      const server = await target.serverOf('lead:1');
      await server.cli(...intruder);
      expect(await leads.get(1)).toBeUndefined();
      const before = cache.stats().lead;
      const reads = vi.spyOn(store, 'read');
      expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
      expect(reads).toHaveBeenCalledTimes(1);
      reads.mockRestore();
      await vi.waitFor(async () => expect(await leads.get(1)).toBe('Ada'));
      const { stored, storeErrors, loads } = cache.stats().lead;
      expect([stored - before.stored, storeErrors - before.storeErrors, loads - before.loads]).toEqual([1, 0, 1]);
    },
  );

  it('costs no other key its answer', async () => {
    const leads = cache.type('lead');
    const ids = Array.from({ length: 30 }, (_, index) => index + 100);
    await Promise.all(ids.map((id) => leads.set(id, id)));
    await (await target.serverOf('lead:1')).cli('HSET', 'lead:1', 'name', 'Mallory');
    const read = await Promise.all([1, ...ids].map((id) => leads.get(id)));
    expect(read).toEqual([undefined, ...ids]);
  });

  it('is overwritten by set, and removed by an invalidation', async () => {
    const leads = cache.type('lead');
    const server = await target.serverOf('lead:1');
    await server.cli('HSET', 'lead:1', 'name', 'Mallory');
    expect(await leads.invalidate(1)).toEqual({ applied: true, removed: 1 });
    await server.cli('HSET', 'lead:1', 'name', 'Mallory');
    expect(await leads.set(1, 'Ada')).toBe(true);
    expect(await leads.get(1)).toBe('Ada');
  });
});
