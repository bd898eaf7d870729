import { type Cache, createCache, type ReadReply, type Store, type StoreKey } from '@huntly/cache-core';
import { type RedisCluster, type RedisServer, startCluster, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// The values of one batch lie on several nodes. One node without an answer, or one key that may not be read, failed all of them.

const IDS = Array.from({ length: 64 }, (_, index) => `${index}`);
/** A busy machine has time enough within it. */
const BUDGET = '1m';
const TYPES = { lead: { ttl: '1h' } } as const;
const KEYS: StoreKey[] = IDS.map((id) => ({ text: `lead:${id}`, scope: { namespace: undefined, type: 'lead' } }));

async function fill(cache: Cache<typeof TYPES>): Promise<void> {
  await cache.type('lead').setMany(IDS.map((id) => [id, id]));
  expect(await cache.type('lead').getMany(IDS)).toEqual(IDS);
}

describe('a primary of a Cluster without replicas', () => {
  let cluster: RedisCluster;
  let store: Store;
  let cache: Cache<typeof TYPES>;
  let victim: RedisServer;
  let lost: Set<string>;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 0, config: { 'cluster-require-full-coverage': 'no' } });
    store = redisStore({ cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
    await ready(store);
    cache = createCache({ types: TYPES, store, storeBudget: BUDGET, logger: false });
    await fill(cache);
    const ofType = await cluster.nodeOf('tag:lead'); // its nonce judges all values of the type
    const other = (await cluster.primaries()).find((primary) => primary !== ofType);
    if (!other) throw new Error('one primary only');
    victim = other;
    const owners = await Promise.all(IDS.map((id) => cluster.nodeOf(`lead:${id}`)));
    lost = new Set(IDS.filter((_id, index) => owners[index] === victim));
    expect(lost.size).toBeGreaterThan(5);
  });
  afterAll(async () => {
    await cache.close();
    await cluster.stop();
  });

  const expected = () => IDS.map((id) => (lost.has(id) ? undefined : id));

  it('that is frozen takes no value of another one with it', async () => {
    await victim.freeze();
    const found = new Set<string>();
    const onReply = (index: number, { kind }: ReadReply) => {
      if (kind === 'hit') found.add(IDS[index] ?? '');
    };
    const reading = store.read(KEYS, { budgetMs: 50, onReply }).catch((error: Error) => error);
    await vi.waitFor(() => expect(found).toEqual(new Set(IDS.filter((id) => !lost.has(id)))), { timeout: 20_000 });
    await victim.thaw();
    await reading;
    await vi.waitFor(async () => expect(await cache.type('lead').getMany(IDS)).toEqual(IDS), { timeout: 20_000 });
  });

  it('that is dead takes no value of another one with it, and only its own are loaded', async () => {
    await victim.kill();
    await vi.waitFor(async () => expect(await cache.type('lead').getMany(IDS)).toEqual(expected()), {
      timeout: 20_000,
    });
    const loads: string[] = [];
    const loaded = await cache.type('lead').getOrSetMany(IDS, (missing) => {
      loads.push(...missing.map(String));
      return new Map(missing.map((id) => [id, String(id)]));
    });
    expect(loaded).toEqual(IDS);
    expect(new Set(loads)).toEqual(lost);
    const replies = await store.read(KEYS);
    expect(replies.map(({ kind }) => kind)).toEqual(IDS.map((id) => (lost.has(id) ? 'unavailable' : 'hit')));
  });
});

describe('a key that the user may not read', () => {
  it.each([
    ['a value', 'lead:7', ['7']],
    ['the nonce of a tag', 'tag:red', ['7', '8']],
  ])('costs no other its answer: %s', async (_name, forbidden, lost) => {
    const server = await startRedis({ users: ['default on nopass ~* &* +@all'] });
    const store = redisStore({ url: server.url });
    await ready(store);
    const cache = createCache({ types: TYPES, store, storeBudget: BUDGET, logger: false });
    await fill(cache);
    for (const id of ['7', '8']) await cache.type('lead').set(id, id, { tags: ['red'] });
    const allowed = [...IDS.map((id) => `lead:${id}`), 'tag:lead', 'tag:red', 'lease:*', 'tag'];
    const rights = allowed.filter((key) => key !== forbidden).map((key) => `~${key}`);
    await server.cli('ACL', 'SETUSER', 'default', 'resetkeys', ...rights);
    const found = await cache.type('lead').getMany(IDS);
    expect(found).toEqual(IDS.map((id) => (lost.includes(id) ? undefined : id)));
    expect((await store.report()).refused).toEqual(['NOPERM']);
    await cache.close();
    await server.stop();
  });
});
