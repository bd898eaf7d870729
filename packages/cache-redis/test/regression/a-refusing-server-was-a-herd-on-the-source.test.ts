import { type Cache, createCache, type Store } from '@huntly/cache-core';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// A server that answers reads and refuses leases: each caller loaded by itself, a hundred at a time. And one that is read-only
// was connected to anew for each write that it refused: reads waited, and sockets collected listeners until Node warned.

const TYPES = { lead: { ttl: '1h' } } as const;
const ALL = 'default on nopass ~* &* +@all';

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

interface Setting {
  readonly server: RedisServer;
  readonly store: Store;
  readonly cache: Cache<typeof TYPES>;
}

async function start(rights = ALL, isSupplied = false): Promise<Setting> {
  const server = await startRedis({ users: [rights], config: { 'enable-protected-configs': 'yes' } });
  const client = isSupplied
    ? new Redis(server.url, {
        maxRetriesPerRequest: 0,
        autoResendUnfulfilledCommands: false,
        enableOfflineQueue: false,
      })
    : undefined;
  const store = redisStore(client ? { client } : { url: server.url });
  await ready(store);
  const cache = createCache({ types: TYPES, store, storeBudget: '1m', logger: false });
  ended.push(
    () => server.stop(),
    async () => client?.disconnect(),
    () => cache.close(),
  );
  return { server, store, cache };
}

/** A loader that is held until it is told, however often it is called. */
function heldLoads() {
  const waiting: ((value: string) => void)[] = [];
  let count = 0;
  const load = () => {
    count++;
    return new Promise<string>((resolve) => waiting.push(resolve));
  };
  return {
    load,
    count: () => count,
    finish: (value: string) => {
      for (const resolve of waiting.splice(0)) resolve(value);
    },
  };
}

const REFUSALS: readonly (readonly [string, (server: RedisServer) => Promise<unknown>])[] = [
  ['full (OOM)', (server) => server.cli('CONFIG', 'SET', 'maxmemory', '1')],
  ['without the right to write (NOPERM)', (server) => server.cli('ACL', 'SETUSER', 'default', '-@write')],
  ['without the right to run scripts', (server) => server.cli('ACL', 'SETUSER', 'default', '-@scripting')],
  ['with too few replicas (NOREPLICAS)', (server) => server.cli('CONFIG', 'SET', 'min-replicas-to-write', '1')],
  [
    'unable to save to its disk (MISCONF)',
    async (server) => {
      for (const [name, value] of [
        ['dir', '/proc'],
        ['save', '1 1'],
      ] as const)
        await server.cli('CONFIG', 'SET', name, value);
      await server.cli('BGSAVE').catch(() => undefined);
      await until('writes to be refused', async () =>
        server.cli('SET', 'x', 'y').then(
          () => undefined,
          () => true,
        ),
      );
    },
  ],
];

describe.each(REFUSALS)('a server that is %s', (_name, refuse) => {
  it('answers hits; those who miss share the loads of their process', async () => {
    const { server, cache } = await start();
    const leads = cache.type('lead');
    await leads.set(1, 'stored');
    await refuse(server);
    const { load, count, finish } = heldLoads();
    const first = leads.getOrSet('cold', load);
    await vi.waitFor(() => expect(count()).toBe(1));
    const later = Array.from({ length: 20 }, () => leads.getOrSet('cold', load));
    await vi.waitFor(() => expect(cache.stats().lead.coalesced).toBe(20));
    expect(count()).toBe(1);
    expect(await leads.get(1)).toBe('stored');
    finish('one');
    expect(await first).toBe('one');
    await vi.waitFor(() => expect(count()).toBe(2));
    finish('two');
    expect(new Set(await Promise.all(later))).toEqual(new Set(['two'])); // begun after they came (P1)
    expect(count()).toBe(2);
  });
});

describe.each([
  ['a client of its own', ALL, false],
  ['a client of its own that may not ask for the role', `${ALL} -info`, false],
  ['a supplied client', ALL, true],
  ['a supplied client that may not ask for the role', `${ALL} -info`, true],
])('a server that becomes a replica, over %s', (_name, rights, isSupplied) => {
  it('is not read from any more, whatever number of writes it refused, until it is a primary again', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {}); // ioredis says there that it may not ask
    const { server, store, cache } = await start(rights, isSupplied);
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    ended.push(async () => process.off('warning', note));
    const leads = cache.type('lead');
    await server.cli('REPLICAOF', server.host, '1');
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(String(await server.cli('INFO', 'stats')))?.[1]);
    const before = await connections();
    await Promise.all(Array.from({ length: 50 }, (_unused, id) => leads.getOrSet(id, () => id)));
    await until('the store to be down', () => /READONLY|MASTERDOWN/.test(JSON.stringify(store.status())) || undefined);
    for (let id = 0; id < 50; id++) await leads.getOrSet(`later ${id}`, () => id);
    expect((await connections()) - before).toBeLessThan(10); // with those that ask here
    await server.cli('REPLICAOF', 'NO', 'ONE');
    await ready(store);
    await vi.waitFor(async () => expect(await leads.set(1, 'back')).toBe(true));
    await new Promise((resolve) => setImmediate(resolve)); // warnings come in a turn of their own
    expect(warnings).toEqual([]);
  });
});
