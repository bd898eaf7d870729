import type { Store, StoreKey } from '@huntly/cache-core';
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// The connection broke after the server had granted a lease and before the answer came. Nobody ever ran its load, and for ten
// seconds every reader of the key waited for it.

const key: StoreKey = { text: 'lead:1', scope: { namespace: undefined, type: 'lead' } };
const options = { ttlMs: 600_000, tags: [] };

let server: RedisServer;
let proxy: FaultProxy;
let store: Store;
beforeAll(async () => {
  server = await startRedis();
  proxy = await startFaultProxy({ target: server });
  store = redisStore({ url: `redis://${proxy.host}:${proxy.port}` });
  await ready(store);
});
afterAll(async () => {
  await store.close();
  await proxy.stop();
  await server.stop();
});

it('is released when the connection is there again', async () => {
  expect((await store.lease({ ...key, text: 'lead:0' }, options)).kind).toBe('granted'); // the scripts are known now
  await proxy.set({ kind: 'delay', responseMs: 60_000 });
  const lost = store.lease(key, options).catch((error: Error) => error);
  await vi.waitFor(async () => expect(await server.cli('EXISTS', 'lease:{lead:1}')).toBe(1));
  proxy.cut();
  expect(await lost).toBeInstanceOf(Error);
  await proxy.heal();
  await vi.waitFor(async () => expect(await server.cli('EXISTS', 'lease:{lead:1}')).toBe(0), { timeout: 20_000 });
  expect((await store.lease(key, options)).kind).toBe('granted');
});
