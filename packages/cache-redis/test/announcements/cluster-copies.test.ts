import { createCache } from '@huntly/cache-core';
import { type RedisCluster, startCluster, until } from '@huntly/cache-testing';
import * as ioredis6 from 'ioredis';
import * as ioredis5 from 'ioredis-5';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisStoreOptions } from '../../src/connection/options.ts';
import { redisStore } from '../../src/index.ts';
import { HEARTBEAT_MS } from './listening.ts';

/** Without commandTimeout and socketTimeout, which a client of somebody else may lack: the budget of the cache has to do. */
const SUPPLIED = {
  enableOfflineQueue: false,
  retryDelayOnFailover: 0,
  redisOptions: { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false },
} as const;
const ROWS = Array.from({ length: 30 }, (_, index) => index);
const BOUND_MS = 3 * HEARTBEAT_MS;

type Node = { readonly host: string; readonly port: number };
interface Way {
  readonly options: RedisStoreOptions;
  end(): void;
}
const supplied = (client: { disconnect(): void }): Way => ({
  options: { client: client as never },
  end: () => client.disconnect(),
});
const WAYS: readonly (readonly [name: string, open: (nodes: Node[]) => Way])[] = [
  ['connections of its own', (cluster) => ({ options: { cluster }, end: () => {} })],
  ['a supplied client of ioredis 5', (nodes) => supplied(new ioredis5.Cluster(nodes, SUPPLIED))],
  ['a supplied client of ioredis 6', (nodes) => supplied(new ioredis6.Cluster(nodes, SUPPLIED))],
];

describe.each(WAYS)('copies on a Cluster, over %s', (_name, openWay) => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    // Nobody takes over from a node that is away for a while.
    cluster = await startCluster({ replicas: 0, nodeTimeoutMs: 30_000 });
  });
  afterAll(() => cluster.stop());

  it('follow other processes, are not served while one primary is away, and are again afterwards', async () => {
    const way = openWay(cluster.nodes.map(({ host, port }) => ({ host, port })));
    const cache = createCache({
      namespace: 'shop',
      types: { lead: { ttl: '1h' } },
      store: redisStore({ ...way.options, heartbeatMs: HEARTBEAT_MS }),
      local: true,
      logger: false,
    });
    await cache.ready();
    const leads = cache.type('lead');
    let version = 1;
    const load = (row: number) => leads.getOrSet(row, async () => version);
    const localHitsOf = async (rows: readonly number[]): Promise<number> => {
      const before = cache.stats().lead.localHits;
      await Promise.all(rows.map(load));
      return cache.stats().lead.localHits - before;
    };
    const untilServed = () =>
      until('copies of all rows', async () => (await localHitsOf(ROWS)) === ROWS.length || undefined);
    await untilServed();

    const lost = await cluster.nodeOf(leads.keyOf(0));
    const isThere = await Promise.all(ROWS.map(async (row) => (await cluster.nodeOf(leads.keyOf(row))) !== lost));
    const [there, away] = [ROWS.filter((row) => isThere[row]), ROWS.filter((row) => !isThere[row])];
    expect(Math.min(there.length, away.length)).toBeGreaterThan(0);
    const remove = async (row: number) => (await cluster.nodeOf(leads.keyOf(row))).cli('DEL', leads.keyOf(row));

    await lost.freeze();
    const frozenAt = performance.now();
    let lastHitAt = frozenAt;
    await until('the end of copies', async () => {
      const at = performance.now();
      const hits = await localHitsOf(there);
      if (hits > 0) lastHitAt = at;
      return hits === 0 || undefined;
    });
    expect(lastHitAt - frozenAt).toBeLessThanOrEqual(BOUND_MS);
    version = 2;
    await Promise.all(there.map(remove));
    expect(await Promise.all(there.map(load))).toEqual(there.map(() => 2));
    expect(await localHitsOf(there)).toBe(0);
    await expect(cache.barrier()).resolves.toBeUndefined(); // there are none to be old

    await lost.thaw();
    await untilServed();
    expect(await Promise.all(there.map(load))).toEqual(there.map(() => 2));
    version = 3;
    await Promise.all(ROWS.map(remove));
    await cache.barrier();
    expect(await Promise.all(ROWS.map(load))).toEqual(ROWS.map(() => 3));
    await untilServed();
    await cache.close();
    way.end();
  });
});
