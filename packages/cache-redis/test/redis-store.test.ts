import { inspect } from 'node:util';
import { type CacheOptions, type CacheTypes, createCache, type Store } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCacheManager, redisStore } from '../src/index.ts';
import { commandsDuring } from './support/commands.ts';
import { ready } from './support/ready.ts';

let server: RedisServer;
let store: Store;
beforeAll(async () => {
  server = await startRedis();
  store = redisStore({ url: server.url });
  await ready(store);
}, 180_000);
afterAll(async () => {
  await store.close();
  await server.stop();
});
beforeEach(() => server.cli('FLUSHALL'));

const open = <const T extends CacheTypes>(types: T, options: Partial<CacheOptions<T>> = {}) =>
  createCache<T>({ types, store, storeBudget: false, logger: false, random: () => 0, ...options });
const leadCache = () => open({ lead: { ttl: '1h' }, report: { ttl: '1h' } });

describe('what an operation costs', () => {
  it('a hit: one command; the first one with a tag that only the value names: two', async () => {
    const leads = leadCache().type('lead');
    await leads.set(1, 'Ada');
    expect(await commandsDuring(server, () => leads.get(1))).toEqual({ mget: 1 });
    const stranger = redisStore({ url: server.url });
    await ready(stranger);
    const other = open({ lead: { ttl: '1h' } }, { store: stranger }).type('lead');
    await leads.set(2, 'Bob', { tags: ['acme'] });
    expect(await commandsDuring(server, () => other.get(2))).toEqual({ mget: 2 });
    expect(await commandsDuring(server, () => other.get(2))).toEqual({ mget: 1 });
    await stranger.close();
  });

  it('64 hits of one tick: one command', async () => {
    const leads = leadCache().type('lead');
    for (let id = 0; id < 64; id++) await leads.set(id, id);
    const ids = Array.from({ length: 64 }, (_, id) => id);
    expect(await commandsDuring(server, () => Promise.all(ids.map((id) => leads.get(id))))).toEqual({ mget: 1 });
  });

  it('a miss: two round trips before the source, two after', async () => {
    const cache = leadCache();
    const leads = cache.type('lead');
    await leads.getOrSet(0, () => 'first'); // the scripts and the nonce of the type are there now
    await vi.waitFor(async () => expect(await leads.get(0)).toBe('first'));
    const before = await commandsDuring(server, () => leads.claim(1));
    // 1: values and nonces. 2: lease, nonce and place in the log, sent together; the scripts' own commands are counted, too.
    expect(before).toEqual({ mget: 2, evalsha: 2, exists: 1, get: 1, set: 1, xrevrange: 1, pttl: 2 });
    const claim = await leads.claim(2);
    const after = await commandsDuring(server, async () => claim.hit || claim.fill('Ada'));
    // 1: the nonces again. 2: compare and store.
    expect(after).toEqual({ mget: 1, evalsha: 1, get: 1, set: 1, setrange: 1, time: 1, unlink: 1 });
  });

  it('an invalidation: one command for a key, two for a tag or a type, however many carry it', async () => {
    const cache = leadCache();
    const leads = cache.type('lead');
    for (let id = 0; id < 100; id++) await leads.set(id, id, { tags: ['acme'] });
    await leads.invalidate(0);
    expect(await commandsDuring(server, () => leads.invalidate(1))).toEqual({ evalsha: 1, unlink: 2 });
    const ofTags = { evalsha: 1, xadd: 1, pexpire: 1, unlink: 1 };
    expect(await commandsDuring(server, () => cache.invalidateTags(['acme']))).toEqual(ofTags);
    expect(await commandsDuring(server, () => leads.invalidateAll())).toEqual(ofTags);
    expect(await leads.get(50)).toBeUndefined();
  });
});

describe('what is left in the server', () => {
  it('can be read by people', async () => {
    const leads = leadCache().type('lead');
    await leads.set(42, { name: 'Ada' }, { tags: ['acme'] });
    const [header = '', value] = String(await server.cli('GET', 'lead:42')).split('\n');
    expect(value).toBe('{"name":"Ada"}');
    expect(JSON.parse(header)).toMatchObject({
      huntly: 2,
      stale: 0,
      fresh: 3_600_000,
      ttl: 3_600_000,
      tags: [
        ['lead', expect.any(String)],
        ['acme', expect.any(String)],
      ],
    });
  });

  it('has a TTL or a cap, all of it, after 10,000 tags', async () => {
    const cache = open({ lead: { ttl: '1h' } }, { namespace: 'shop' });
    const leads = cache.type('lead');
    for (let batch = 0; batch < 100; batch++) {
      const tags = Array.from({ length: 100 }, (_, index) => `tag ${batch * 100 + index}`);
      await leads.set(batch, batch, { tags });
      await cache.invalidateTags(tags.slice(0, 20));
    }
    await leads.claim('never filled');
    const client = new Redis(server.url);
    const keys = await client.keys('*');
    expect(keys.length).toBeGreaterThan(8_000);
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.pttl(key);
    const lives = (await pipeline.exec()) ?? [];
    client.disconnect();
    expect(keys.filter((_key, index) => lives[index]?.[1] === -1)).toEqual([]);
    expect(Number(await server.cli('XLEN', 'shop/tag'))).toBeLessThanOrEqual(10_200);
  });

  it('keeps nonces at least as long as the entries that need them', async () => {
    const leads = open({ lead: { ttl: '60d' } }).type('lead');
    await leads.set(1, 'Ada', { tags: ['acme'] });
    await leads.getOrSet(2, () => 'Bob', { tags: () => ['late'] });
    await vi.waitFor(async () => expect(await leads.get(2)).toBe('Bob'));
    const sixtyDays = 60 * 86_400_000 - 60_000;
    for (const tag of ['tag:lead', 'tag:acme', 'tag:late'])
      expect(Number(await server.cli('PTTL', tag))).toBeGreaterThan(sixtyDays);
  });

  it('is not touched by clear beyond its namespace', async () => {
    await server.cli('SET', 'foreign', 'value');
    await server.cli('SET', 'shop/leads:1', 'value');
    const shop = open({ lead: { ttl: '1h' } }, { namespace: 'shop' });
    const other = open({ lead: { ttl: '1h' } }, { namespace: 'other' });
    await shop.type('lead').set(1, 'Ada');
    await other.type('lead').set(1, 'Bob');
    expect(await shop.clear()).toEqual({ applied: true, removed: 1 });
    expect([await server.cli('GET', 'foreign'), await server.cli('GET', 'shop/leads:1')]).toEqual(['value', 'value']);
    expect([await shop.type('lead').get(1), await other.type('lead').get(1)]).toEqual([undefined, 'Bob']);
  });
});

describe('values that this toolkit did not write', () => {
  it('are read where the type allows it, until their key is invalidated', async () => {
    await server.cli('SET', 'legacy:7', '{"name":"Ada"}');
    const legacy = open({ legacy: { ttl: '1h', foreign: true } }).type('legacy');
    expect(await legacy.get(7)).toEqual({ name: 'Ada' });
    expect(await legacy.getTtl(7)).toBe(-1);
    expect(await legacy.invalidate(7)).toEqual({ applied: true, removed: 1 });
    expect(await legacy.get(7)).toBeUndefined();
  });

  const own =
    '{"huntly":2,"id":"AAAAAAAAAAAAAAAAAAAAAA","stale":0,"at":1,"fresh":1e12,"ttl":1e12,"load":1,"tags":[]}\n';
  it.each([
    ['foreign', '{"name":"Mallory"}'],
    ['empty', ''],
    ['cut off in the header', own.slice(0, 40)],
    ['without a body', own.trimEnd()],
    ['with a header that is no JSON', '{"huntly":2,"id":"AAAAAAAAAAAAAAAAAAAAAA",oops\n"x"'],
    ['with a header of wrong kinds', own.replace('"at":1', '"at":"now"')],
    ['with tags that are none', own.replace('[]', '[1]')],
    ['without the tag of its type', `${own}"Mallory"`],
    ['with a nonce that nobody drew', `${own.replace('[]', '[["lead","x"]]')}"Mallory"`],
    ['from a later version', `${own.replace('"huntly":2', '"huntly":3')}"Mallory"`],
    ['from an earlier version', `${own.replace('"huntly":2', '"huntly":1')}"Mallory"`],
  ])('(%s) are misses, and replaced by the next load', async (_what, stored) => {
    const leads = leadCache().type('lead');
    await leads.set('other', 'so that the type has a nonce');
    await server.cli('SET', 'lead:1', stored);
    expect(await leads.get(1)).toBeUndefined();
    expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
    await vi.waitFor(async () => expect(await leads.get(1)).toBe('Ada'));
  });

  it('are counted where they are unreadable', async () => {
    const cache = leadCache();
    await server.cli('SET', 'lead:1', 'not ours');
    await cache.type('lead').get(1);
    expect(cache.stats().lead).toMatchObject({ unreadable: 1, misses: 1 });
  });

  it('with a body that was damaged are replaced, too', async () => {
    const leads = leadCache().type('lead');
    await leads.set(1, { name: 'Ada' });
    const stored = String(await server.cli('GET', 'lead:1'));
    await server.cli('SET', 'lead:1', stored.slice(0, -3));
    expect(await leads.getOrSet(1, () => 'Bob')).toBe('Bob');
    await vi.waitFor(async () => expect(await leads.get(1)).toBe('Bob'));
  });
});

describe('awkward input', () => {
  it('in identifiers and tags stays apart', async () => {
    const cache = leadCache();
    const leads = cache.type('lead');
    const identifiers = [
      '{a}',
      '}',
      '{',
      'a{b}c',
      '*',
      '[a]',
      '\\',
      '\n',
      '\r\n',
      '\0',
      ' ',
      'ü',
      '😀',
      '"',
      "'",
      'x'.repeat(10_000),
    ];
    for (const identifier of identifiers)
      await leads.getOrSet(identifier, () => identifier, { tags: () => [`tag ${identifier.slice(0, 9)}`] });
    await vi.waitFor(async () =>
      expect(await Promise.all(identifiers.map((identifier) => leads.get(identifier)))).toEqual(identifiers),
    );
    await cache.invalidateTags(['tag *']);
    expect(await cache.invalidatePattern('lead:\\[*')).toBe(2); // and the one whose text nobody knows
    const left = await Promise.all(identifiers.map((identifier) => leads.get(identifier)));
    expect(left.filter((value) => value === undefined)).toHaveLength(3);
  });

  it('of 50 MB is returned and not stored', async () => {
    const value = 'x'.repeat(50_000_000);
    const leads = leadCache().type('lead');
    expect(await leads.getOrSet(1, () => value)).toBe(value);
    expect(await server.cli('EXISTS', 'lead:1')).toBe(0);
  });
});

describe('a server without memory left', () => {
  it('still invalidates, costs no request its answer, and gives no value to the log', async () => {
    const full = await startRedis({ config: { 'maxmemory-policy': 'noeviction' } });
    const fullStore = redisStore({ url: full.url });
    await ready(fullStore);
    const lines: unknown[] = [];
    const note = (...line: unknown[]) => lines.push(line);
    const logger = { debug: note, info: note, warn: note, error: note };
    const cache = open({ lead: { ttl: '1h' } }, { store: fullStore, logger });
    const leads = cache.type('lead');
    await leads.set(1, 'Ada', { tags: ['acme'] });
    await full.cli('CONFIG', 'SET', 'maxmemory', '1mb');
    expect(await leads.get(1)).toBe('Ada');
    expect(await leads.getOrSet(2, () => 'hunter2 '.repeat(10))).toContain('hunter2');
    expect(await leads.set(3, 'hunter2')).toBe(false);
    expect(await cache.invalidateTags(['acme'])).toEqual({ applied: true, removed: 0 });
    expect(await leads.get(1)).toBeUndefined();
    expect(await leads.invalidate(1)).toEqual({ applied: true, removed: 1 });
    expect(inspect(lines, { depth: 9 })).toContain('OOM');
    expect(inspect(lines, { depth: 9, showHidden: true })).not.toContain('hunter2');
    await cache.close();
    await full.stop();
  });
});

describe('a ranking', () => {
  it('is bounded however few terms each flush carries (P7)', async () => {
    const ranking = store.ranking?.('popular_searches', { capacity: 100 });
    for (let flush = 0; flush < 50; flush++) {
      await store
        .ranking?.('popular_searches', { capacity: 100 })
        .add(new Map(Array.from({ length: 40 }, (_, term) => [`${flush} ${term}`, 1])));
    }
    expect(Number(await server.cli('ZCARD', 'popular_searches'))).toBeLessThanOrEqual(200);
    expect((await ranking?.top(1_000))?.length).toBe(100);
  });

  it('shows no term in its errors', async () => {
    await server.cli('SET', 'popular_searches', 'a key of another type');
    const error = await store
      .ranking?.('popular_searches', { capacity: 100 })
      .add(new Map([['ada@example.com', 1]]))
      .catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 9, showHidden: true })).toContain('WRONGTYPE');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('ada@');
  });
});

describe('createCacheManager', () => {
  it('uses the Redis of REDIS_URL', async () => {
    const manager = createCacheManager({ env: { REDIS_URL: server.url }, logger: false });
    await manager.ready();
    await manager.cacheSearchResults({ q: 'acme' }, [{ id: 42 }]);
    await manager.addPopularSearch('acme');
    expect(await manager.getPopularSearches()).toEqual([{ query: 'acme', count: 1 }]);
    expect(await server.cli('ZSCORE', 'popular_searches', 'acme')).toBe('1');
    await manager.invalidateLeadCache(42);
    expect(await manager.getCachedSearchResults({ q: 'acme' })).toBeUndefined();
    expect(await manager.healthCheck()).toMatchObject({ store: { state: 'ready' }, report: { kind: 'redis' } });
    await manager.close();
  });

  it('stays in the process without it', async () => {
    const manager = createCacheManager({ env: {}, logger: false });
    expect((await manager.healthCheck()).report?.kind).toBe('memory');
    await manager.close();
  });

  it('lists bad REDIS_* variables', () => {
    expect(() => createCacheManager({ env: { REDIS_URL: 'http://x', REDIS_MAX_CONNECTIONS: '1' } })).toThrow(
      /REDIS_URL .*\n.*REDIS_MAX_CONNECTIONS/,
    );
  });

  it('lists them with the other bad variables, in one error', () => {
    const env = {
      REDIS_URL: server.url,
      REDIS_MAX_CONNECTIONS: 'x',
      SEARCH_CACHE_TTL: 'abc',
      CACHE_ENABLED: 'perhaps',
    };
    const problems = [
      expect.stringMatching(/^REDIS_MAX_CONNECTIONS /),
      expect.stringMatching(/^CACHE_ENABLED /),
      expect.stringMatching(/^SEARCH_CACHE_TTL /),
    ];
    expect(() => createCacheManager({ env, logger: false })).toThrow(expect.objectContaining({ problems }));
  });
});
