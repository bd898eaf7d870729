import { createCache, type ReadReply, type Store, type StoreKey } from '@huntly/cache-core';
import { type RedisCluster, startCluster } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// A process that had read no value of a type yet asked for two of them, to learn how large they are. With one of these on a node that does not
// answer it waited for that one, and asked for no other key of the batch meanwhile: each batch was a miss, whatever live nodes had.

let cluster: RedisCluster;
const stores: Store[] = [];
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0, config: { 'cluster-require-full-coverage': 'no' } });
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await cluster.stop();
});

async function open(): Promise<Store> {
  const store = redisStore({ cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
  stores.push(store);
  await ready(store);
  return store;
}

it('has what live nodes have before it hears that one does not answer, though the first key is there', async () => {
  const writer = createCache({ types: { lead: { ttl: '1h' } }, store: await open(), storeBudget: '1m', logger: false });
  const ofType = await cluster.nodeOf('tag:lead'); // its nonce judges all values of the type
  const all = Array.from({ length: 64 }, (_, id) => `${id}`);
  const owners = new Map(await Promise.all(all.map(async (id) => [id, await cluster.nodeOf(`lead:${id}`)] as const)));
  const first = all.find((id) => owners.get(id) !== ofType) ?? '';
  const frozen = owners.get(first);
  const ids = [first, ...all.filter((id) => id !== first)];
  await writer.type('lead').setMany(ids.map((id) => [id, id]));

  const reader = await open();
  await frozen?.freeze();
  const kinds: string[] = [];
  const onReply = (_index: number, { kind }: ReadReply) => kinds.push(kind);
  const keys: StoreKey[] = ids.map((id) => ({ text: `lead:${id}`, scope: { namespace: undefined, type: 'lead' } }));
  await reader.read(keys, { budgetMs: 50, onReply });
  await frozen?.thaw();
  const lost = ids.filter((id) => owners.get(id) === frozen).length;
  expect(kinds).toEqual([...Array(64 - lost).fill('hit'), ...Array(lost).fill('unavailable')]);
});
