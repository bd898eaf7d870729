import { createCache } from '@huntly/cache-core';
import { type RedisCluster, startCluster } from '@huntly/cache-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { SlotMove, slotOf } from '../support/slots.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster.stop());
beforeEach(() => cluster.settled());

const open = () => {
  const store = redisStore({ cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
  return createCache({
    types: { lead: { ttl: '1h', grace: '1h' } },
    store,
    storeBudget: '5s', // the client asks again after a while, some times
    strict: true,
    logger: false,
  });
};

/** Half of a move: the keys that there are of this one's slot are on the new node, and the old one still serves the slot. */
async function half(key: string): Promise<SlotMove> {
  const from = await cluster.nodeOf(key);
  const to = cluster.nodes.find((node) => node !== from);
  if (!to) throw new Error('one node only');
  const move = await SlotMove.begin(await slotOf(cluster, key), from, to);
  await move.moveKeys();
  return move;
}

describe('a key whose slot is moving, and that has no lease', () => {
  it('is invalidated', async () => {
    const cache = open();
    await cache.ready();
    const leads = cache.type('lead');
    await leads.set(1, 'old');
    const move = await half(leads.keyOf(1));
    expect(await leads.get(1)).toBe('old');
    expect(await leads.invalidate(1)).toEqual({ applied: true, removed: 1 });
    expect(await leads.get(1)).toBeUndefined();
    await move.end();
    await cache.close();
  });

  it('is made stale', async () => {
    const cache = open();
    await cache.ready();
    const leads = cache.type('lead');
    await leads.set(2, 'old');
    const move = await half(leads.keyOf(2));
    expect(await leads.expire(2)).toBe(true);
    await move.end();
    expect(await leads.getOrSet(2, () => 'new')).toBe('old'); // which sets off a refresh
    await cache.close();
  });
});

describe('a load of a key whose slot is moving', () => {
  it('does not store what it read before an invalidation', async () => {
    const cache = open();
    await cache.ready();
    const leads = cache.type('lead');
    let answer = (_value: string) => {};
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const loading = leads.getOrSet(3, () => {
      isAsked();
      return new Promise<string>((resolve) => {
        answer = resolve;
      });
    });
    await asked;
    const move = await half(leads.keyOf(3)); // the lease is there, the value nowhere
    expect(await leads.invalidate(3)).toEqual({ applied: true, removed: 0 });
    await move.end();
    answer('old');
    await loading;
    expect(await leads.get(3)).toBeUndefined();
    await cache.close();
  });
});
