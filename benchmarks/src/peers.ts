// The caches that are compared, each set up as its own documentation has it, on the same server, with the same TTL.
import { createCache, type Store } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import KeyvRedis from '@keyv/redis';
import { createCache as createDedupe } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisDriver } from 'bentocache/drivers/redis';
import { Cacheable } from 'cacheable';
import { Redis } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-5';
import { GroupLoader, Loader, RedisCache, RedisGroupCache } from 'layered-loader';
import { createClient } from 'redis';

/** A value under a key, from wherever the cache has it; loaded when it has not. */
export type Get = (key: string) => Promise<unknown>;
export type Load = (key: string) => Promise<object>;
const TAGS = ['account-7', 'region-eu'];
const TTL_S = 3600;
const TTL_MS = TTL_S * 1000;

export interface Peers {
  /** With copies in the process before Redis, where the library has both. */
  readonly local: ReadonlyMap<string, Get>;
  /** Redis alone. */
  readonly store: ReadonlyMap<string, Get>;
  /** Values with two tags, copies in the process. */
  readonly taggedLocal: ReadonlyMap<string, Get>;
  /** Values with two tags, Redis alone. */
  readonly taggedStore: ReadonlyMap<string, Get>;
  close(): Promise<void>;
}

/** @param prefix keeps the keys of one set apart from those of another */
export async function setUpPeers(url: string, prefix: string, load: Load): Promise<Peers> {
  const closing: (() => unknown)[] = [];
  const closedAtEnd = <T>(resource: T, close: (resource: T) => unknown): T => {
    closing.push(() => close(resource));
    return resource;
  };
  const newClient = () => closedAtEnd(new Redis(url), (client) => client.disconnect());
  const newClient5 = () => closedAtEnd(new Redis5(url), (client) => client.disconnect());

  const ours = async (
    namespace: string,
    { local, tags }: { local: boolean; tags?: readonly string[] },
  ): Promise<Get> => {
    const store: Store = redisStore({ url });
    const types = { lead: { ttl: TTL_S, ...(tags && { tags }) } };
    const cache = closedAtEnd(createCache({ namespace, types, store, local, logger: false }), (it) => it.close());
    await cache.ready();
    const leads = cache.type('lead');
    return (key) => leads.getOrSet(key, () => load(key));
  };
  const layered = (name: string, inMemory: boolean): Get => {
    const loader = new Loader<object>({
      ...(inMemory && { inMemoryCache: { ttlInMsecs: TTL_MS, maxItems: 10_000 } }),
      asyncCache: new RedisCache<object>(newClient5(), { json: true, prefix: name, ttlInMsecs: TTL_MS }),
      dataSourceGetOneFn: load,
    });
    return (key) => loader.get(key);
  };
  /** It has groups instead of tags: a key is in one, and names it when it asks. */
  const layeredGroup = (name: string, inMemory: boolean): Get => {
    const loader = new GroupLoader<object>({
      ...(inMemory && { inMemoryCache: { ttlInMsecs: TTL_MS, maxItemsPerGroup: 10_000 } }),
      asyncCache: new RedisGroupCache<object>(newClient5(), { json: true, prefix: name, ttlInMsecs: TTL_MS }),
      dataSources: [
        {
          name: 'load',
          getFromGroup: (key: string) => load(key),
          getManyFromGroup: async (keys) => Promise.all(keys.map(load)),
        },
      ],
    });
    return (key) => loader.get(key, 'account-7');
  };
  const bento = (name: string, inMemory: boolean, tags?: string[]): Get => {
    const l2 = redisDriver({ connection: connectionOf(url) });
    const stack = inMemory ? bentostore().useL1Layer(memoryDriver({ maxItems: 10_000 })) : bentostore();
    const options = { default: 'leads' as const, prefix: name, stores: { leads: stack.useL2Layer(l2) } };
    const cache = closedAtEnd(new BentoCache(options), (it) => it.disconnectAll());
    return (key) => cache.getOrSet({ key, ttl: TTL_MS, factory: () => load(key), ...(tags && { tags }) });
  };
  const cacheable = (name: string, inMemory: boolean): Get => {
    const redis = new KeyvRedis(url, { namespace: name });
    const options = inMemory ? { secondary: redis } : { primary: redis };
    const cache = closedAtEnd(new Cacheable({ ...options, ttl: TTL_MS }), (it) => it.disconnect());
    return (key) => cache.getOrSet(`${name}:${key}`, () => load(key));
  };
  const dedupe = (name: string, inMemory: boolean, tags?: string[]): Get => {
    const invalidation = tags && { referencesTTL: TTL_S };
    const cache = createDedupe({
      ttl: TTL_S,
      storage: inMemory
        ? { type: 'memory', options: { size: 10_000, ...(tags && { invalidation: true }) } }
        : { type: 'redis', options: { client: newClient(), ...(invalidation && { invalidation }) } },
    }).define(name, { references: () => tags ?? [] }, (key: string) => load(key));
    return (key) => (cache as unknown as Record<string, Get>)[name]?.(key) ?? Promise.reject(new Error(name));
  };
  const byHand = (name: string): Get => {
    const client = newClient();
    return async (key) => {
      const stored = await client.get(`${name}:${key}`);
      if (stored !== null) return JSON.parse(stored);
      const value = await load(key);
      await client.set(`${name}:${key}`, JSON.stringify(value), 'EX', TTL_S);
      return value;
    };
  };
  const byHandNodeRedis = async (name: string): Promise<Get> => {
    const client = closedAtEnd(await createClient({ url }).connect(), (it) => it.destroy());
    return async (key) => {
      const stored = await client.get(`${name}:${key}`);
      if (stored !== null) return JSON.parse(stored);
      const value = await load(key);
      await client.set(`${name}:${key}`, JSON.stringify(value), { EX: TTL_S });
      return value;
    };
  };

  const named = (name: string) => `${prefix}-${name}`;
  return {
    local: new Map([
      ['huntly', await ours(named('hl'), { local: true })],
      ['layered-loader', layered(named('ll'), true)],
      ['async-cache-dedupe', dedupe(named('al'), true)],
      ['bentocache', bento(named('bl'), true)],
      ['cacheable', cacheable(named('cl'), true)],
    ]),
    store: new Map([
      ['huntly', await ours(named('hs'), { local: false })],
      ['ioredis GET + JSON.parse', byHand(named('is'))],
      ['node-redis GET + JSON.parse', await byHandNodeRedis(named('ns'))],
      ['layered-loader', layered(named('ls'), false)],
      ['async-cache-dedupe', dedupe(named('as'), false)],
      ['bentocache', bento(named('bs'), false)],
      ['cacheable', cacheable(named('cs'), false)],
    ]),
    taggedLocal: new Map([
      ['huntly', await ours(named('htl'), { local: true, tags: TAGS })],
      ['layered-loader (one group)', layeredGroup(named('ltl'), true)],
      ['async-cache-dedupe', dedupe(named('atl'), true, TAGS)],
      ['bentocache', bento(named('btl'), true, TAGS)],
    ]),
    taggedStore: new Map([
      ['huntly', await ours(named('hts'), { local: false, tags: TAGS })],
      ['ioredis GET + JSON.parse, no tags', byHand(named('its'))],
      ['layered-loader (one group)', layeredGroup(named('lts'), false)],
      ['async-cache-dedupe', dedupe(named('ats'), false, TAGS)],
      ['bentocache', bento(named('bts'), false, TAGS)],
    ]),
    async close() {
      for (const close of closing.reverse()) await close();
    },
  };
}

function connectionOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
