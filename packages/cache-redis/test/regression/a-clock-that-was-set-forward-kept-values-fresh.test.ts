import { createCache } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { patientClient } from '../races/patient-client.ts';
import { ready } from '../support/ready.ts';

// A process read the clock of the server when it connected, and never again. After that clock was set forward by an
// hour, values of processes that had connected later seemed to come from the future, and stayed fresh as long as they
// lived: one with a TTL of a second for all of its grace.

const AN_HOUR = 3_600_000;
const types = { lead: { ttl: '1s', grace: '2h' } } as const;

let server: RedisServer;
let admin: Redis;
beforeAll(async () => {
  server = await startRedis();
  admin = new Redis(server.url);
});
afterAll(async () => {
  admin.disconnect();
  await server.stop();
});

/**
 * A cache whose client is told a time of the server that is `aheadMs` ahead of what the server thinks; it may change.
 */
async function open() {
  const client = patientClient({ url: server.url });
  const set = { aheadMs: 0 };
  const time = client.time.bind(client);
  client.time = async () => {
    const [seconds = 0, microseconds = 0] = await time();
    return [Number(seconds) + set.aheadMs / 1000, Number(microseconds)];
  };
  const store = redisStore({ client });
  await ready(store);
  const cache = createCache({ types, store, storeBudget: false, logger: false, random: () => 0 });
  const close = async () => {
    await cache.close();
    client.disconnect();
  };
  return { leads: cache.type('lead'), set, close };
}

/** As if the value of a key had been stored by a clock that was set since. */
async function shift(key: string, byMs: number): Promise<void> {
  const [line = '', body] = String(await admin.get(key)).split('\n');
  const header = JSON.parse(line) as { at: number };
  await admin.set(key, `${line.replace(/"at":\d+/, `"at":${header.at + byMs}`)}\n${body}`, 'KEEPTTL');
}

it('a value that was stored after the clock was set forward is as old as it is', async () => {
  const { leads, set, close } = await open();
  await leads.set(1, 'Ada');
  await shift('lead:1', AN_HOUR - 4_500); // by another process, after the clock was set forward, 4.5 s ago
  set.aheadMs = AN_HOUR;
  expect(await leads.getTtl(1)).toBeLessThanOrEqual(0);
  expect(await leads.get(1)).toBeUndefined(); // stale, and there is no loader
  await close();
});

it('a value that was stored before the clock was set back is not fresh: nobody knows how old it is', async () => {
  const { leads, close } = await open();
  await leads.set(1, 'Ada');
  await shift('lead:1', AN_HOUR);
  expect(await leads.get(1)).toBeUndefined();
  expect(await leads.getOrSet(1, () => 'Bob')).toMatch(/Ada|Bob/); // stale, while it is loaded anew
  await close();
});

it('the server writes the time of a value, whatever a process takes it for', async () => {
  const { leads, set, close } = await open();
  set.aheadMs = 5 * AN_HOUR;
  const other = await open();
  other.set.aheadMs = AN_HOUR;
  await leads.set(1, 'Ada');
  await other.leads.set(2, 'Bob');
  for (const key of ['lead:1', 'lead:2']) {
    const { at } = JSON.parse(String(await admin.get(key)).split('\n')[0] ?? '') as { at: number };
    const [seconds = 0] = await admin.time();
    expect(Math.abs(at - Number(seconds) * 1000), key).toBeLessThan(60_000);
  }
  await Promise.all([close(), other.close()]);
});
