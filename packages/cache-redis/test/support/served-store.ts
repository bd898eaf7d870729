import type { Store } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from './ready.ts';

interface Served {
  readonly server: RedisServer;
  readonly store: Store;
}

/** A server, and a store on it that is ready, for all tests of a file; to be asked for in these. */
export function servedStore(): () => Served {
  let served: Served | undefined;
  beforeAll(async () => {
    const server = await startRedis();
    served = { server, store: redisStore({ url: server.url }) };
    await ready(served.store);
  });
  afterAll(async () => {
    await served?.store.close();
    await served?.server.stop();
  });
  return () => {
    if (!served) throw new Error('The server is there within the tests only.');
    return served;
  };
}
