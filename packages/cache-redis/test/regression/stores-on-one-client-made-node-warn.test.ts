import { createCache } from '@huntly/cache-core';
import { startCluster, startRedis } from '@huntly/cache-testing';
import { Cluster, Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// Each store listened to each event of the client that it was given, and to those of its nodes, some of them for good. `vitest.process.ts`
// lets the test fail during which Node warns of more than ten listeners.

const STORES = 12;
const SAFE = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } as const;

type Emitter = RedisClient & { eventNames(): (string | symbol)[]; listenerCount(name: string | symbol): number };

function listenersOf(client: RedisClient): number {
  const emitter = client as Emitter;
  return emitter.eventNames().reduce((total, name) => total + emitter.listenerCount(name), 0);
}

async function useTwelve(client: RedisClient, nodes: () => readonly RedisClient[]): Promise<void> {
  const count = () => [client, ...nodes()].map(listenersOf);
  const first = redisStore({ client });
  await ready(first);
  const one = count();
  const stores = Array.from({ length: STORES }, () => redisStore({ client }));
  await Promise.all(stores.map(ready));
  expect(count()).toEqual(one);
  const caches = stores.map((store, index) =>
    createCache({
      namespace: `n${index}`,
      types: { lead: { ttl: '1h', local: true } },
      store,
      storeBudget: false,
      logger: false,
    }),
  );
  await Promise.all(caches.map((cache) => cache.type('lead').set(1, 'Ada')));
  expect(await Promise.all(caches.map((cache) => cache.type('lead').get(1)))).toEqual(caches.map(() => 'Ada'));
  await Promise.all(caches.map((cache) => cache.close()));
  expect(count()).toEqual(one);
  await first.close();
}

describe('twelve stores on one client', () => {
  it('listen to it once, and to nothing when they are closed', async () => {
    const server = await startRedis();
    const client = new Redis(server.url, { ...SAFE, enableOfflineQueue: false });
    const before = listenersOf(client as RedisClient);
    await useTwelve(client as RedisClient, () => []);
    expect(listenersOf(client as RedisClient)).toBe(before);
    client.disconnect();
    await server.stop();
  });

  it('the same on a Cluster, and on each of its nodes', async () => {
    const cluster = await startCluster({ replicas: 0 });
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    const client = new Cluster(nodes, { enableOfflineQueue: false, retryDelayOnFailover: 0, redisOptions: SAFE });
    await useTwelve(client as RedisClient, () => client.nodes('master') as RedisClient[]);
    client.disconnect();
    await cluster.stop();
  });
});
