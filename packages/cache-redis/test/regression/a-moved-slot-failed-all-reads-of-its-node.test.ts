import { type Cache, createCache } from '@huntly/cache-core';
import { type RedisCluster, startCluster } from '@huntly/cache-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';
import { moveSlot, SlotMove, slotOf } from '../support/slots.ts';

// A pipeline goes to one node. After a slot had moved, ioredis refused every pipeline with one of its keys (CROSSSLOT), and while
// a slot moved, one missing key failed all of them (ASK): reads were unanswered, and invalidations of tags not applied.

const IDS = Array.from({ length: 40 }, (_, index) => `${index}`);
const TAGS = IDS.map((id) => `tag ${id}`);

let cluster: RedisCluster;
let cache: Cache<{ lead: { ttl: '1h' } }>;
beforeAll(async () => {
  cluster = await startCluster();
  const store = redisStore({ cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
  await ready(store);
  cache = createCache({ types: { lead: { ttl: '1h' } }, store, storeBudget: false, logger: false });
});
afterAll(async () => {
  await cache.close();
  await cluster.stop();
});
beforeEach(async () => {
  await Promise.all(IDS.map((id) => cache.type('lead').set(id, id, { tags: [`tag ${id}`] })));
});

const readAll = () => Promise.all(IDS.map((id) => cache.type('lead').get(id)));

async function sides(key: string) {
  const [slot, from] = await Promise.all([slotOf(cluster, key), cluster.nodeOf(key)]);
  const to = (await cluster.primaries()).find((primary) => primary !== from);
  if (!to) throw new Error('one primary only');
  return [slot, from, to] as const;
}

describe.each(['lead:7', 'tag:tag%207'])('the slot of %s', (key) => {
  it('has moved: all values are read at once, all tags invalidated', async () => {
    await moveSlot(...(await sides(key)));
    expect(await readAll()).toEqual(IDS);
    await moveSlot(...(await sides(key)));
    expect(await cache.invalidateTags(TAGS)).toMatchObject({ applied: true });
    expect((await readAll()).filter((value) => value !== undefined)).toEqual([]);
    expect(cache.stats().lead.storeErrors).toBe(0);
  });

  it('is moving: the same', async () => {
    const move = await SlotMove.begin(...(await sides(key)));
    await move.moveKeys();
    expect(await readAll()).toEqual(IDS);
    expect(await cache.invalidateTags(TAGS)).toMatchObject({ applied: true });
    expect((await readAll()).filter((value) => value !== undefined)).toEqual([]);
    expect(cache.stats().lead.storeErrors).toBe(0);
    await move.end();
  });
});
