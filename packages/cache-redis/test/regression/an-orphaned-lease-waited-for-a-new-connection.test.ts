import { createCache, type StoreKey, systemClock } from '@huntly/cache-core';
import { type RedisCluster, type RedisServer, startCluster, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { LeaseDesk } from '../../src/protocol/leases.ts';
import { NonceKeeper } from '../../src/protocol/nonces.ts';
import { connectionsOfEachTest, readiness } from '../connection/fixture/connections.ts';
import { ready } from '../support/ready.ts';
import { slotOf } from '../support/slots.ts';

// While a Cluster elects a new primary its nodes refuse what they are asked (CLUSTERDOWN), over connections that are never lost. A lease that
// belonged to no load was released when the client became ready anew, which it did not, as it had been ready all the time.

const { open } = connectionsOfEachTest();
const PATIENT_MS = 600_000;

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster({ replicas: 0 });
});
afterAll(() => cluster.stop());

const seeds = () => cluster.nodes.map(({ host, port }) => ({ host, port }));

/** The node of a key serves nothing until the returned function is called: one of its slots is nobody's. */
async function refuseAt(key: string): Promise<{ node: RedisServer; serve: () => Promise<void> }> {
  const node = await cluster.nodeOf(key);
  const own = await slotOf(cluster, key);
  const slots = (await node.cli('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
  const ranges = slots.filter(([, , [, port]]) => port === node.port);
  const spare = ranges.flatMap(([from, to]) => [from, to]).find((slot) => slot !== own);
  if (spare === undefined) throw new Error('the node has one slot only');
  const stateIs = (state: string) => async () =>
    String(await node.cli('CLUSTER', 'INFO')).includes(`cluster_state:${state}`) || undefined;
  await node.cli('CLUSTER', 'DELSLOTS', spare);
  await until('the node to refuse', stateIs('fail'));
  return {
    node,
    async serve() {
      await node.cli('CLUSTER', 'ADDSLOTS', spare);
      await until('the node to serve', stateIs('ok'));
    },
  };
}

it('one that was granted while another node did not answer goes as soon as its node serves again', async () => {
  const key: StoreKey = { text: 'lead:1', scope: { namespace: undefined, type: 'lead' } };
  const connection = await readiness(open({ cluster: seeds() }));
  const statuses: string[] = [];
  connection.onStatus(({ state }) => statuses.push(state));
  const nonces = new NonceKeeper(connection, systemClock);
  let refusal: Awaited<ReturnType<typeof refuseAt>> | undefined;
  vi.spyOn(nonces, 'sample').mockImplementationOnce(async () => {
    const node = await cluster.nodeOf(key.text);
    await until('the lease to be granted', async () => (await node.cli('EXISTS', 'lease:{lead:1}')) === 1 || undefined);
    refusal = await refuseAt(key.text);
    throw new Error('the node of the tag is gone');
  });
  const desk = new LeaseDesk(connection, nonces);
  await expect(desk.take(key, { ttlMs: PATIENT_MS, tags: [] }, '')).rejects.toThrow('gone');
  await refusal?.serve();
  await vi.waitFor(async () => expect(await refusal?.node.cli('EXISTS', 'lease:{lead:1}')).toBe(0), {
    timeout: 20_000,
  });
  expect(statuses).toEqual([]);
  desk.close();
});

it.each([
  ['with a guard', '1m'],
  ['without', false],
] as const)('one whose release was refused goes as soon as its node serves again: %s', async (_name, storeBudget) => {
  const store = redisStore({ cluster: seeds() });
  await ready(store);
  const types = { lead: { ttl: '1h', lease: '10m' } } as const;
  const cache = createCache({ types, store, storeBudget, logger: false });
  const claim = await cache.type('lead').claim(2);
  if (claim.hit) throw new Error('there is a value');
  const { node, serve } = await refuseAt('lead:2');
  const releases = vi.spyOn(store, 'release');
  await claim.release();
  if (storeBudget) await vi.waitFor(() => expect(releases.mock.calls.length).toBeGreaterThan(1), { timeout: 20_000 }); // in vain
  expect(cache.stats().lead.storeErrors).toBe(1);
  await serve();
  await vi.waitFor(async () => expect(await node.cli('EXISTS', 'lease:{lead:2}')).toBe(0), { timeout: 20_000 });
  await cache.close();
});
