import { type Cache, createCache, type ReadReply, type Store, type StoreKey } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { patientClient } from '../races/patient-client.ts';
import { ready } from '../support/ready.ts';

// 300 keys of 300 kB were asked for by one command: 90 MB, which never came within the budget, was asked for again by the next reader,
// and held up each small value that was asked for behind it.

const TYPES = { report: { ttl: '1h' }, lead: { ttl: '1h' } } as const;
const LARGE = 'x'.repeat(300_000);
const REPORTS = Array.from({ length: 60 }, (_, id) => id);
const LEADS = Array.from({ length: 20 }, (_, id) => id);
/** A portion, and one value above it. */
const LIMIT_BYTES = 2 * 1024 * 1024 + LARGE.length;

let server: RedisServer;
let client: Redis;
let store: Store;
let cache: Cache<typeof TYPES>;
/** Bytes of the answers to `MGET` that are under way, and the most that there were. */
let underWay: { bytes: number; most: number; answers: number[] };

beforeEach(async () => {
  server = await startRedis();
  client = patientClient({ url: server.url }) as Redis;
  underWay = { bytes: 0, most: 0, answers: [] };
  store = redisStore({ client });
  await ready(store);
  cache = createCache({ types: TYPES, store, storeBudget: false, logger: false });
  await cache.type('report').setMany(REPORTS.map((id) => [id, LARGE]));
  await cache.type('lead').setMany(LEADS.map((id) => [id, `lead ${id}`]));
  const mget = client.mgetBuffer.bind(client) as (keys: string[]) => Promise<(Buffer | null)[]>;
  vi.spyOn(client, 'mgetBuffer').mockImplementation((async (keys: string[]) => {
    const expected = keys.filter((key) => key.startsWith('report:')).length * LARGE.length;
    underWay.bytes += expected;
    underWay.most = Math.max(underWay.most, underWay.bytes);
    const values = await mget(keys);
    underWay.bytes -= expected;
    underWay.answers.push(values.reduce((sum, value) => sum + (value?.byteLength ?? 0), 0));
    return values;
  }) as never);
});
afterEach(async () => {
  await cache.close();
  client.disconnect();
  await server.stop();
});

const keyOf = (type: string, id: number): StoreKey => ({
  text: `${type}:${id}`,
  scope: { namespace: undefined, type },
});

describe('a batch of large values', () => {
  it('arrives in portions, once the first ones have shown how large they are', async () => {
    const batches = await Promise.all([1, 2, 3].map(async () => cache.type('report').getMany(REPORTS)));
    expect(batches.flat().every((value) => value === LARGE)).toBe(true);
    await cache.type('report').getMany(REPORTS);
    const [, ...later] = underWay.answers;
    expect(Math.max(...later)).toBeLessThan(1_200_000);
  });

  it('is asked for two portions at a time, whoever asks', async () => {
    await cache.type('report').getMany(REPORTS);
    underWay.most = 0;
    const readers = [1, 2, 3, 4].map(() => store.read(REPORTS.map((id) => keyOf('report', id))));
    await Promise.all(readers);
    expect(underWay.most).toBeLessThan(LIMIT_BYTES);
  });

  it('leaves the small ones of its batch their answers first', async () => {
    await cache.type('report').getMany(REPORTS);
    await cache.type('lead').getMany(LEADS);
    const keys = [...REPORTS.map((id) => keyOf('report', id)), ...LEADS.map((id) => keyOf('lead', id))];
    const order: string[] = [];
    const onReply = (index: number, { kind }: ReadReply) => order.push(`${kind} ${keys[index]?.scope.type}`);
    await store.read(keys, { budgetMs: 50, onReply });
    expect(order).toHaveLength(keys.length);
    expect(new Set(order.slice(0, LEADS.length))).toEqual(new Set(['hit lead']));
  });

  it('is not asked for any further when its readers have given up', async () => {
    await cache.type('report').getMany(REPORTS);
    underWay.answers = [];
    let heard = 0;
    const replies = await store.read(
      REPORTS.map((id) => keyOf('report', id)),
      { budgetMs: 50, onReply: () => heard++, isOver: () => heard > 0 },
    );
    expect(underWay.answers.length).toBeLessThan(5);
    expect(replies.filter(({ kind }) => kind === 'hit')).toHaveLength(heard);
    expect(replies.filter(({ kind }) => kind === 'unavailable')).toHaveLength(REPORTS.length - heard);
  });
});
