import type { Store } from '@huntly/cache-core';
import { describeStore } from '@huntly/cache-core/testing';
import { type RedisCluster, type RedisServer, startCluster, startRedis, startSentinels } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { redisStore } from '../src/index.ts';
import { ready } from './support/ready.ts';

/** What a supplied client must be set to: see `docs/redis.md`. */
const SAFE = { maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false } as const;
const MINUTES = 180_000; // the first test file may have to install a server

/** Time on a real server passes by itself. */
const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Target {
  readonly store: Store;
  flush(): Promise<unknown>;
  close(): Promise<void>;
}

/** Runs the contract on one store, emptied before each case. */
function describeTarget(name: string, open: () => Promise<Target>): void {
  describe(name, () => {
    let target: Target;
    beforeAll(async () => {
      target = await open();
      await ready(target.store);
    }, MINUTES);
    afterAll(() => target.close());
    describeStore({ describe, it }, name, async () => {
      await target.flush();
      return { store: target.store, advance: wait, close: async () => {} };
    });
  });
}

async function onServer(storeOn: (server: RedisServer) => { store: Store; end?: () => void }): Promise<Target> {
  const server = await startRedis();
  const { store, end } = storeOn(server);
  const close = async () => {
    await store.close();
    end?.();
    await server.stop();
  };
  return { store, flush: () => server.cli('FLUSHALL'), close };
}

describeTarget('Redis, its own connection (ioredis 6)', () => onServer(({ url }) => ({ store: redisStore({ url }) })));

describeTarget('Redis, a client of ioredis 6', () =>
  onServer(({ port }) => {
    const client = new Redis({ port, ...SAFE });
    return { store: redisStore({ client }), end: () => client.disconnect() };
  }),
);

describeTarget('Redis, a client of ioredis 5', () =>
  onServer(({ port }) => {
    const client = new Redis5({ port, ...SAFE });
    return { store: redisStore({ client }), end: () => client.disconnect() };
  }),
);

describeTarget('Cluster', async () => {
  const cluster: RedisCluster = await startCluster();
  const store = redisStore({ cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
  const flush = async () => Promise.all((await cluster.primaries()).map((primary) => primary.cli('FLUSHALL')));
  const close = async () => {
    await store.close();
    await cluster.stop();
  };
  return { store, flush, close };
});

describeTarget('Sentinel', async () => {
  const sentinels = await startSentinels();
  const store = redisStore({
    sentinels: sentinels.sentinels.map(({ host, port }) => ({ host, port })),
    name: sentinels.name,
  });
  const close = async () => {
    await store.close();
    await sentinels.stop();
  };
  return { store, flush: async () => (await sentinels.primary()).cli('FLUSHALL'), close };
});
