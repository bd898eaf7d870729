import { type Cache, createCache, type Store } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { patientClient } from '../races/patient-client.ts';
import { ready } from '../support/ready.ts';

// Two keys were asked for, to learn how large the values of their type are. Keys without a value taught nothing, so that a batch of 500 cold
// ones took 250 round trips, one after the other, and most of it was loaded without a lease, and not stored, once the budget was over.

const TYPES = { lead: { ttl: '1h' } } as const;
const IDS = Array.from({ length: 500 }, (_, id) => id);

let server: RedisServer;
let client: Redis;
let store: Store;
let cache: Cache<typeof TYPES>;
beforeEach(async () => {
  server = await startRedis();
  client = patientClient({ url: server.url }) as Redis;
  store = redisStore({ client });
  await ready(store);
  cache = createCache({ types: TYPES, store, storeBudget: false, logger: false });
});
afterEach(async () => {
  await cache.close();
  client.disconnect();
  await server.stop();
});

it('takes a few round trips where no value is there', async () => {
  const mget = vi.spyOn(client, 'mgetBuffer');
  expect(await cache.type('lead').getMany(IDS)).toEqual(IDS.map(() => undefined));
  expect(mget.mock.calls.length).toBeLessThanOrEqual(6);
});

it('takes a few round trips where the first values are not there', async () => {
  await cache.type('lead').set(499, 'Ada');
  const other = redisStore({ client });
  const reader = createCache({ types: TYPES, store: other, storeBudget: false, logger: false });
  const mget = vi.spyOn(client, 'mgetBuffer');
  expect((await reader.type('lead').getMany(IDS)).at(-1)).toBe('Ada');
  expect(mget.mock.calls.length).toBeLessThanOrEqual(8);
  await reader.close();
});
