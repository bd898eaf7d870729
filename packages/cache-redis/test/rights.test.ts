import { readFileSync } from 'node:fs';
import { createCache } from '@huntly/cache-core';
import { startCluster, startRedis } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { type RedisStoreOptions, redisStore } from '../src/index.ts';
import { ready } from './support/ready.ts';
import { moveSlot, slotOf } from './support/slots.ts';

const docs = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
/** The list in the docs, for the user `cache` and the namespace `shop`. */
const RIGHTS = (/ACL SETUSER (cache [^`]*)```/.exec(docs)?.[1] ?? '').replace(/\s+/g, ' ').trim();
const OF_CLUSTER = (/a Cluster, on all nodes \| `([^`]*)`/.exec(docs)?.[1] ?? '').replaceAll('\\|', '|');
const LOGIN = { username: 'cache', password: 'password' };

/** All verbs once; throws and warns of nothing. */
async function useAll(options: RedisStoreOptions, meanwhile = async () => {}): Promise<void> {
  const store = redisStore(options);
  await ready(store);
  const warnings: unknown[] = [];
  const note = (...line: unknown[]) => warnings.push(line);
  const logger = { debug() {}, info() {}, warn: note, error: note };
  const types = { lead: { ttl: '60d' }, search: { ttl: '1h' } } as const;
  const cache = createCache({ namespace: 'shop', types, store, storeBudget: false, logger });
  const leads = cache.type('lead');
  const claim = await leads.claim(1);
  if (!claim.hit) await claim.fill('Ada', { tags: ['acme'] });
  expect(await leads.get(1)).toBe('Ada');
  expect(await cache.invalidateTags(['acme'])).toEqual({ applied: true, removed: 0 });
  expect(await leads.getOrSet(1, () => 'Bob', { tags: ['known'] })).toBe('Bob');
  expect(await leads.set(2, 'Eve')).toBe(true);
  await leads.expire(2);
  expect(await leads.invalidate(2)).toEqual({ applied: true, removed: 1 });
  await leads.set(3, 'Joe');
  await meanwhile();
  expect(await leads.get(3)).toBe('Joe');
  expect(await cache.invalidatePattern('lead:3*')).toBe(1);
  expect(await leads.get(3)).toBeUndefined();
  expect(await leads.invalidateAll()).toMatchObject({ applied: true });
  await expect(leads.getOrSet(4, () => Promise.reject(new Error('the source')))).rejects.toThrow('the source');
  const ranking = store.ranking?.('shop/popular_searches', { capacity: 10 });
  await ranking?.add(new Map(Array.from({ length: 100 }, (_, index) => [`term ${index}`, 1])));
  expect(await ranking?.top(5)).toHaveLength(5);
  await ranking?.remove('term 1');
  await ranking?.clear();
  await store.report();
  expect(await cache.clear()).toMatchObject({ applied: true });
  expect(cache.stats().lead.storeErrors).toBe(0);
  await cache.close();
  expect(warnings).toEqual([]);
}

describe('a user with the rights that the docs list', () => {
  it('can do all on one server', async () => {
    const server = await startRedis({ users: ['default off', RIGHTS] });
    await useAll({ url: server.url, ...LOGIN });
    await server.stop();
  });

  it('can do all on a Cluster, also after a slot has moved', async () => {
    expect(OF_CLUSTER).toContain('cluster|nodes');
    const cluster = await startCluster({ users: ['default off', `${RIGHTS} ${OF_CLUSTER}`] });
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    await useAll({ cluster: nodes, ...LOGIN }, async () => {
      const key = 'shop/lead:3';
      const [slot, from, primaries] = await Promise.all([
        slotOf(cluster, key),
        cluster.nodeOf(key),
        cluster.primaries(),
      ]);
      const to = primaries.find((primary) => primary !== from);
      if (to) await moveSlot(slot, from, to);
    });
    await cluster.stop();
  });
});
