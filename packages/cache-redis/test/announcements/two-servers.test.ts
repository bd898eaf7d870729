import { type Cache, createCache } from '@huntly/cache-core';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { HEARTBEAT_MS } from './listening.ts';
import { type LocalProxy, startProxy } from './proxy.ts';

const TYPES = { lead: { ttl: '1h' } } as const;

/** The name stands for what Sentinels, a balancer or a DNS entry do: it leads to one server, and to another one later. */
describe('one name for two servers', () => {
  let old: RedisServer;
  let successor: RedisServer;
  let name: LocalProxy;
  let reader: Cache<typeof TYPES>;
  let writer: Cache<typeof TYPES>;
  let source: string;

  const read = () => reader.type('lead').getOrSet(1, () => source);
  const channel = async () => (await reader.healthCheck()).channel;
  /** A copy is made by the read after the one that fills, so this takes some. */
  const untilCopied = () =>
    until('a copy', async () => {
      const before = reader.stats().lead.localHits;
      await read();
      return reader.stats().lead.localHits > before || undefined;
    });
  const kill = async (server: RedisServer, connection: string) => {
    const clients = String(await server.cli('CLIENT', 'LIST')).split('\n');
    const id = clients.find((line) => line.includes(` name=${connection} `))?.match(/^id=(\d+)/)?.[1];
    expect(await server.cli('CLIENT', 'KILL', 'ID', id ?? '')).toBe(1);
  };

  beforeEach(async () => {
    [old, successor] = await Promise.all([startRedis(), startRedis()]);
    name = await startProxy(old.port);
    source = 'old';
    reader = createCache({
      namespace: 'shop',
      types: TYPES,
      store: redisStore({ url: name.url, heartbeatMs: HEARTBEAT_MS }),
      local: true,
      logger: false,
    });
    writer = createCache({ namespace: 'shop', types: TYPES, store: redisStore({ url: successor.url }), logger: false });
    await Promise.all([reader.ready(), writer.ready()]);
  });
  afterEach(async () => {
    await Promise.all([reader.close(), writer.close()]);
    await name.close();
    await Promise.all([old.stop(), successor.stop()]);
    vi.restoreAllMocks();
  });

  it.each(['+info', '-info'])(
    'copies of what is read from the successor follow the successor, with %s',
    async (right) => {
      vi.spyOn(console, 'warn').mockImplementation(() => {}); // ioredis prints that its ready check was refused
      for (const server of [old, successor]) await server.cli('ACL', 'SETUSER', 'default', right);
      await untilCopied();
      name.leadTo(successor.port);
      await kill(old, 'huntly-cache');
      await until('a value at the successor', async () => {
        await read();
        return (await writer.type('lead').get(1)) !== undefined || undefined;
      });
      await untilCopied();
      source = 'new';
      expect(await writer.type('lead').invalidate(1)).toEqual({ applied: true, removed: 1 });
      await reader.barrier();
      expect(await read()).toBe('new');
    },
  );

  it('announcements of one do not stand for values of the other', async () => {
    await untilCopied();
    name.leadTo(successor.port);
    await kill(old, 'huntly-cache-announcements');
    await until('the end of copies', async () => (await channel()) === 'down' || undefined);
    const tried = new Set<string>();
    await until('three connections to the successor, none of them used', async () => {
      const clients = String(await successor.cli('CLIENT', 'LIST')).split('\n');
      for (const line of clients)
        if (line.includes('name=huntly-cache-announcements ')) tried.add(line.split(' ')[0] ?? '');
      expect(await channel()).toBe('down');
      return tried.size >= 3 || undefined;
    });
    name.leadTo(old.port);
    await untilCopied();
  });
});
