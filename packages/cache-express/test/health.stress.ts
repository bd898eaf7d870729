import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { type RedisServer, startFaultProxy, startRedis, until } from '@huntly/cache-testing';
import express from 'express';
import { afterEach, expect, it, vi } from 'vitest';
import { healthRoute } from '../src/index.ts';
import { serve } from './support/serve.ts';

const PASSWORD = 'the-password';
const AS_A_CACHE = { maxmemory: '50mb', 'maxmemory-policy': 'allkeys-lru' };

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.restoreAllMocks();
});

async function start(...args: Parameters<typeof startRedis>): Promise<RedisServer> {
  const server = await startRedis(...args);
  cleanups.push(() => server.stop());
  return server;
}

interface State {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Brings it about, once the cache is ready. */
  provoke(load: () => Promise<unknown>): Promise<unknown>;
}

/** What may become of a store, and what `ready` and `detail` say then of an optional and of a required cache. */
const MATRIX: readonly [name: string, optional: string, required: string, open: () => Promise<State>][] = [
  ['up', 'pass', 'pass', async () => ({ url: (await start({ config: AS_A_CACHE })).url, provoke: async () => {} })],
  [
    'slow',
    'warn',
    'fail',
    async () => {
      const proxy = await startFaultProxy({ target: await start({ config: AS_A_CACHE }) });
      cleanups.push(() => proxy.stop());
      return {
        url: `redis://${proxy.host}:${proxy.port}`,
        provoke: () => proxy.set({ kind: 'delay', responseMs: 1_000 }),
      };
    },
  ],
  [
    'down',
    'warn',
    'fail',
    async () => {
      const server = await start({ config: AS_A_CACHE });
      return { url: server.url, provoke: () => server.kill() };
    },
  ],
  [
    'read-only',
    'warn',
    'fail', // a plain connection to a replica is of no use: the store says that it is down
    async () => {
      const server = await start({ config: AS_A_CACHE });
      const primary = await start({ config: AS_A_CACHE });
      return {
        url: server.url,
        provoke: async (load) => {
          await server.cli('REPLICAOF', primary.host, primary.port);
          await until('the link', async () => {
            return String(await server.cli('INFO', 'replication')).includes('master_link_status:up') || undefined;
          });
          await load();
        },
      };
    },
  ],
  [
    'out of memory',
    'warn',
    'warn',
    async () => {
      const server = await start();
      return {
        url: server.url,
        provoke: async (load) => {
          await server.cli('CONFIG', 'SET', 'maxmemory', 1);
          await load();
        },
      };
    },
  ],
  [
    'loading',
    'warn',
    'fail',
    async () => {
      const server = await start({ config: { ...AS_A_CACHE, 'enable-debug-command': 'local' } });
      await server.cli('DEBUG', 'POPULATE', 4_000, 'key', 100);
      await server.cli('CONFIG', 'SET', 'loading-process-events-interval-bytes', 1024);
      await server.cli('CONFIG', 'SET', 'key-load-delay', 300);
      return {
        url: server.url,
        provoke: async (load) => {
          const loaded = server.cli('DEBUG', 'RELOAD');
          cleanups.push(() => loaded.catch(() => undefined)); // given up after 2 s, which is time enough
          await load();
        },
      };
    },
  ],
  [
    'without the right to INFO',
    'pass',
    'pass',
    async () => {
      vi.spyOn(console, 'warn').mockImplementation(() => undefined); // ioredis says that it cannot ask
      const users = ['default off', `cache on >${PASSWORD} ~* +@all -info`];
      const { url } = await start({ config: AS_A_CACHE, users });
      return { url, username: 'cache', password: PASSWORD, provoke: async () => {} };
    },
  ],
];

it.each(MATRIX)(
  'a store that is %s: %s, or %s where it is required; alive all the time',
  async (_, optional, required, open) => {
    const { provoke, ...connection } = await open();
    const cache = createCache({ types: { lead: { ttl: '1h' } }, store: redisStore(connection), logger: false });
    cleanups.push(() => cache.close());
    await cache.ready();
    const app = express();
    const routes = {
      optional: healthRoute(cache, { remember: '1ms', details: () => true }),
      required: healthRoute(cache, { remember: '1ms', details: () => true, required: true }),
    };
    for (const [name, route] of Object.entries(routes)) {
      app.get(`/${name}/live`, route.live);
      app.get(`/${name}/ready`, route.ready);
      app.get(`/${name}/detail`, route.detail);
    }
    const { ask } = await serve(app);
    const live: number[] = [];
    const isAlive = async () => {
      for (const name of ['optional', 'required']) live.push((await ask(`/${name}/live`)).status);
    };

    await isAlive();
    await provoke(() => cache.type('lead').getOrSet(1, () => 'Ada'));
    await until(`ready to say ${optional}, ${required}`, async () => {
      await isAlive();
      const said = await Promise.all([ask('/optional/ready'), ask('/required/ready')]);
      return said.map(({ text }) => text).join() === `{"status":"${optional}"},{"status":"${required}"}` || undefined;
    });
    for (const [name, status] of [
      ['optional', optional],
      ['required', required],
    ] as const) {
      const code = status === 'fail' ? 503 : 200;
      expect(await ask(`/${name}/ready`)).toMatchObject({ status: code, text: `{"status":"${status}"}` });
      const detail = await ask(`/${name}/detail`);
      expect(detail.status).toBe(code);
      expect(JSON.parse(detail.text)).toMatchObject({ status, checks: expect.anything() as unknown });
      expect(detail.text).not.toMatch(/127\.0\.0\.1|the-password/);
    }
    await isAlive();
    expect(live.filter((status) => status !== 200)).toEqual([]);
  },
);
