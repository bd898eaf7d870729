import { inspect } from 'node:util';
import { type CacheHealth, CacheManager, type Store } from '@huntly/cache-core';
import { type RedisServer, startCluster, startRedis, startSentinels, until } from '@huntly/cache-testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { RedisStoreOptions } from '../../src/connection/options.ts';
import { redisStore } from '../../src/index.ts';

const PASSWORD = 'the-password';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.restoreAllMocks();
});

const start = async (...args: Parameters<typeof startRedis>): Promise<RedisServer> => {
  const server = await startRedis(...args);
  cleanups.push(() => server.stop());
  return server;
};
/** A manager whose log lines are kept. */
const open = (options: RedisStoreOptions): { manager: CacheManager; store: Store; lines: object[] } => {
  const lines: object[] = [];
  const line = (fields: object, message: string): void => void lines.push({ ...fields, message });
  const store = redisStore(options);
  const logger = { debug: line, info: line, warn: line, error: line };
  const manager = new CacheManager({ env: {}, store, logger });
  cleanups.push(() => manager.close());
  return { manager, store, lines };
};
const codes = ({ findings }: CacheHealth): string[] => findings.map(({ code }) => code);
/** The code in the message of the finding, once there is one. */
const named = (manager: CacheManager, code: string): Promise<CacheHealth> =>
  until(`health to name ${code}`, async () => {
    const health = await manager.healthCheck();
    return health.findings.some(({ message }) => message.includes(`(${code})`)) ? health : undefined;
  });

const AS_A_CACHE = { maxmemory: '50mb', 'maxmemory-policy': 'allkeys-lru' };

describe('the health of one server', () => {
  it('passes with a limit and a policy, and tells what the server is', async () => {
    const server = await start({ config: AS_A_CACHE });
    const { manager } = open({ url: server.url });
    await manager.ready();
    const { health, redisInfo } = await manager.getCacheStats();
    expect(health).toMatchObject({ status: 'pass', findings: [], store: { state: 'ready' } });
    expect(redisInfo).toMatchObject({
      kind: 'redis',
      server: { version: expect.stringMatching(/^\d+\.\d+\.\d+/), role: 'primary' },
      memory: { maxBytes: 52_428_800, policy: 'allkeys-lru', fragmentation: undefined },
      clients: { connected: expect.any(Number), max: expect.any(Number) },
      replication: { replicas: 0 },
      refused: [],
    });
    expect(redisInfo?.memory?.usedBytes).toBeGreaterThan(100_000);
  });

  it('warns of a server that may not evict, or has no limit', async () => {
    const server = await start();
    const { manager } = open({ url: server.url });
    await manager.ready();
    const health = await manager.healthCheck();
    expect(health.status).toBe('warn');
    expect(codes(health)).toEqual(['noeviction', 'no_memory_limit']);
  });

  it('reads as unknown what it may not ask, and passes', async () => {
    const users = ['default off', `cache on >${PASSWORD} ~* +@all -info`];
    const server = await start({ users });
    vi.spyOn(console, 'warn').mockImplementation(() => undefined); // ioredis says that it cannot ask either
    const { manager } = open({ url: server.url, username: 'cache', password: PASSWORD });
    await manager.ready();
    const health = await manager.healthCheck();
    expect(health).toMatchObject({ status: 'pass', findings: [] });
    expect(health.report?.memory?.usedBytes).toBeUndefined();
    expect(health.latencyMs).toBeGreaterThan(0);
  });

  it('names a full memory, and forgets it with the next lease', async () => {
    const server = await start();
    const { manager } = open({ url: server.url });
    await manager.ready();
    await server.cli('CONFIG', 'SET', 'maxmemory', 1);
    expect(await manager.type('lead').getOrSet(1, () => 'Ada')).toBe('Ada');
    const health = await named(manager, 'OOM');
    expect(health.report?.refused).toEqual(['OOM']);
    expect(codes(health)).toEqual(['store_refuses', 'noeviction', 'memory']);
    await server.cli('CONFIG', 'SET', 'maxmemory', '50mb');
    await manager.type('lead').getOrSet(2, () => 'Bob');
    await until('the fill', async () => (await manager.type('lead').get(2)) ?? undefined);
    expect((await manager.healthCheck()).report?.refused).toEqual([]);
  });

  it('names a missing right', async () => {
    const server = await start({ users: ['default off', `cache on >${PASSWORD} ~* +@all -mget`] });
    const { manager } = open({ url: server.url, username: 'cache', password: PASSWORD });
    await manager.ready();
    await manager.getCachedLeadData(1);
    expect(codes(await named(manager, 'NOPERM'))).toContain('store_refuses');
  });

  it.each([
    ['WRONGPASS', { username: 'cache', password: 'wrong-secret' }],
    ['NOAUTH', {}],
  ])('names %s', async (code, credentials) => {
    const server = await start({ users: ['default off', `cache on >${PASSWORD} ~* +@all`] });
    const { manager } = open({ url: server.url, ...credentials });
    const health = await named(manager, code);
    expect(codes(health)).toEqual(['store_down']);
    expect(health.store).toEqual({ state: 'down', reason: code });
  });

  it('names a server that loads its data', async () => {
    const server = await start({ config: { 'enable-debug-command': 'local' } });
    await server.cli('DEBUG', 'POPULATE', 2_000, 'key', 100);
    await server.cli('CONFIG', 'SET', 'loading-process-events-interval-bytes', 1024);
    await server.cli('CONFIG', 'SET', 'key-load-delay', 300);
    const loading = server.cli('DEBUG', 'RELOAD');
    const { manager } = open({ url: server.url });
    await named(manager, 'LOADING');
    await loading;
    await manager.ready();
  });

  it('names a server that is gone', async () => {
    const server = await start({ config: AS_A_CACHE });
    const { manager } = open({ url: server.url });
    await manager.ready();
    await server.kill();
    await named(manager, 'ECONNREFUSED');
    await server.restart();
    await manager.ready();
    expect(await manager.healthCheck()).toMatchObject({ status: 'pass' });
  });
});

describe('servers that are of no use to a plain connection', () => {
  it('a replica: down as READONLY, as MASTERDOWN without its primary, and used once it is promoted', async () => {
    const primary = await start({ config: AS_A_CACHE });
    const replica = await start({ config: AS_A_CACHE });
    await replica.cli('REPLICAOF', primary.host, primary.port);
    const { manager } = open({ url: replica.url });
    await until('the link', async () => {
      return String(await replica.cli('INFO', 'replication')).includes('master_link_status:up') || undefined;
    });
    expect(codes(await named(manager, 'READONLY'))).toEqual(['store_down']);
    await primary.kill();
    expect(codes(await named(manager, 'MASTERDOWN'))).toEqual(['store_down']);
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await manager.ready();
    expect(await manager.healthCheck()).toMatchObject({ status: 'pass' });
  });

  it('a primary that becomes a replica: down with the first write that it refuses', async () => {
    const [server, primary] = [await start(), await start()];
    const { manager, store } = open({ url: server.url });
    await manager.ready();
    await server.cli('REPLICAOF', primary.host, primary.port);
    expect(await manager.type('lead').invalidate(1)).toMatchObject({ applied: false });
    await until('the store to be down', () => {
      const status = store.status();
      return (status.state === 'down' && ['READONLY', 'MASTERDOWN'].includes(status.reason)) || undefined;
    });
  });

  it('a node of a Cluster: down as MOVED, with the option to use', async () => {
    const server = await start({ config: { 'cluster-enabled': 'yes' } });
    const { manager } = open({ url: server.url });
    const { findings, store } = await named(manager, 'MOVED');
    expect(store).toEqual({ state: 'down', reason: 'MOVED' });
    expect(findings[0]?.remedy).toBe('Use the option cluster instead of url.');
  });
});

describe('the health of several servers', () => {
  it('of a Cluster is one, and names primaries that do not answer, and what it refuses', {
    timeout: 90_000,
  }, async () => {
    const cluster = await startCluster({ replicas: 0 });
    cleanups.push(() => cluster.stop());
    const nodes = cluster.nodes.map(({ host, port }) => ({ host, port }));
    const { manager } = open({ cluster: nodes });
    await manager.ready();
    const { report } = await manager.healthCheck();
    expect(report?.server).toMatchObject({ role: 'primary', primaries: { answering: 3, total: 3 } });
    expect(report?.memory?.usedBytes).toBeGreaterThan(3 * 500_000);
    const dead = await cluster.nodeOf('{lead:1}');
    await dead.kill();
    const health = await until('the missing primary', async () => {
      const now = await manager.healthCheck();
      return codes(now).includes('primaries_missing') ? now : undefined;
    });
    expect(health.report?.server?.primaries).toEqual({ answering: 2, total: 3 });
    await until('CLUSTERDOWN', async () => {
      await manager.getCachedLeadData(1);
      await Promise.all(Array.from({ length: 20 }, (_, id) => manager.getCachedLeadData(id)));
      return (await manager.healthCheck()).report?.refused?.includes('CLUSTERDOWN') || undefined;
    });
  });

  it('of a primary behind Sentinels is that of the primary', { timeout: 60_000 }, async () => {
    const setup = await startSentinels();
    cleanups.push(() => setup.stop());
    const sentinels = setup.sentinels.map(({ host, port }) => ({ host, port }));
    const { manager } = open({ sentinels, name: setup.name });
    await manager.ready();
    const { report } = await manager.healthCheck();
    expect(report).toMatchObject({ server: { role: 'primary' }, replication: { replicas: 1, isLinkUp: true } });
  });
});

describe('what nobody may see', () => {
  const SECRET = /the-password|wrong-secret|the-value|secret-id/;
  /** Everything of a thing that a logger could find. */
  const shown = (thing: unknown): string => inspect(thing, { showHidden: true, depth: 20, getters: true });
  /** Everything that a cache does with a value, a key and an argument. */
  const useAll = async (manager: CacheManager): Promise<void> => {
    const leads = manager.type('lead');
    await leads.getOrSet('secret-id', () => 'the-value');
    await leads.set('secret-id', 'the-value', { tags: ['secret-id'] });
    await leads.invalidate('secret-id');
    await manager.invalidateTags(['secret-id']);
    await manager.invalidatePattern('lead:secret-id*').catch(() => 0);
    await manager.addPopularSearch('acme');
    await manager.getPopularSearches();
  };

  it.each([
    ['a wrong password', { password: 'wrong-secret' }, undefined],
    ['missing rights', { username: 'poor', password: PASSWORD }, undefined],
    ['a full memory', { password: PASSWORD }, ['CONFIG', 'SET', 'maxmemory', 1]],
    ['a replica', { password: PASSWORD }, ['REPLICAOF', '127.0.0.1', 1]],
  ])(
    'with %s: no password, value or argument in errors, log lines, health, statistics and the store itself',
    async (_, credentials, command) => {
      const users = [`default on >${PASSWORD} ~* &* +@all`, `poor on >${PASSWORD} ~other:* -@all +info +ping +hello`];
      const server = await start({ users });
      const { manager, store, lines } = open({ url: server.url, username: 'default', ...credentials });
      await until('the store to connect, or not', () => store.status().state !== 'connecting' || undefined);
      if (command) await server.cli(...command);
      await useAll(manager);
      const errors = await Promise.allSettled([
        store.read([{ text: 'lead:secret-id', scope: { namespace: undefined, type: 'lead' } }]),
        store.invalidate([{ kind: 'tag', namespace: undefined, tag: 'secret-id' }]),
        store.report(),
      ]);
      const health = await manager.healthCheck();
      expect(health.findings.length).toBeGreaterThan(0);
      expect(lines.length).toBeGreaterThan(0);
      const unnamed = lines.map((line) => ({ ...line, key: undefined, targets: undefined })); // these name keys, on purpose
      for (const thing of [unnamed, errors, health, await manager.getCacheStats()])
        expect(shown(thing)).not.toMatch(SECRET);
      for (const thing of [store, manager]) expect(inspect(thing, { depth: 20, getters: true })).not.toMatch(SECRET);
      expect(shown(health)).not.toContain(server.host);
      expect(shown(health)).not.toContain(String(server.port));
    },
  );
});
