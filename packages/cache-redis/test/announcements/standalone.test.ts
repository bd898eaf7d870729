import { setTimeout as delay } from 'node:timers/promises';
import { buildKey } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import RedisMock from 'ioredis-mock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import { redisStore } from '../../src/index.ts';
import { connectionsOfEachTest, readiness, VERSIONS } from '../connection/fixture/connections.ts';
import { ready } from '../support/ready.ts';
import { HEARTBEAT_MS, isDown, isOf, isUp, type Listening, listen, scopes } from './listening.ts';
import { startProxy } from './proxy.ts';

const scope = { namespace: 'shop', type: 'lead' };
const keyOf = (identifier: string) => ({ text: buildKey(scope, identifier), scope });
const entry = { bytes: new Uint8Array(4), freshForMs: 60_000, expiresInMs: 60_000, loadMs: 1, tags: ['acme'] };
const SAFE = { maxRetriesPerRequest: 0, enableOfflineQueue: false, autoResendUnfulfilledCommands: false } as const;

describe.each(VERSIONS)('announcements with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  const start = async (): Promise<Listening & { close(): Promise<void> }> => {
    const connection = await readiness(open({ url: server.url, heartbeatMs: HEARTBEAT_MS }, ioredis));
    const listening = listen(connection);
    await listening.next(isUp);
    return { ...listening, close: () => listening.channel.close() };
  };

  it('tell of changes by any program: SET, DEL, UNLINK, RENAME, expiry, FLUSHALL', async () => {
    const { next, close } = await start();
    for (const command of [
      ['SET', 'shop/lead:1', 'x'],
      ['DEL', 'shop/lead:1'],
      ['SET', 'shop/lead:1', 'x'],
      ['UNLINK', 'shop/lead:1'],
      ['SET', 'shop/lead:1', 'x'],
      ['RENAME', 'shop/lead:1', 'shop/lead:2'],
    ]) {
      await server.cli(...command);
      expect(await next(isOf('shop/lead:1'))).toMatchObject({ kind: 'keys' });
    }
    await server.cli('SET', 'shop/search:1', 'x', 'PX', 50);
    await next(isOf('shop/search:1'));
    await next(isOf('shop/search:1')); // when it expires
    await server.cli('FLUSHALL');
    expect(await next(({ kind }) => kind === 'all')).toEqual({ kind: 'all' });
    await close();
  });

  it('tell of evictions', async () => {
    const { next, close } = await start();
    await server.cli('SET', 'shop/lead:victim', 'x'.repeat(1_000));
    await next(isOf('shop/lead:victim'));
    await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru', 'maxmemory', '1');
    await server.cli('SET', 'other', 'x').catch(() => undefined);
    await next(isOf('shop/lead:victim'));
    await server.cli('CONFIG', 'SET', 'maxmemory', '0');
    await close();
  });

  it('tell tags from keys, and nothing of leases and other programs', async () => {
    const { next, rest, channel, close } = await start();
    await server.cli('MSET', 'lead:1', 'x', 'shop/lea:1', 'x', 'other/lead:1', 'x', 'shop/lease:{shop/lead:1}', 'x');
    await server.cli('XADD', 'shop/tag', '*', 'token', 'x'); // the invalidation log
    await server.cli('SET', 'shop/tag:a%20b', 'x');
    expect(await next(isOf('shop/tag:a%20b'))).toEqual({ kind: 'tags', tags: ['shop/tag:a%20b'] });
    await channel.barrier();
    expect(rest()).toEqual([]);
    await close();
  });

  it('tell of what a store of another process does', async () => {
    const { next, close } = await start();
    const store = redisStore({ url: server.url });
    await ready(store);
    const reply = await store.lease(keyOf('7'), { ttlMs: 1_000, tags: [] });
    if (reply.kind !== 'granted') throw new Error(reply.kind);
    await store.fill(reply.lease, entry);
    await next(isOf('shop/lead:7'));
    await store.invalidate([{ kind: 'tag', namespace: 'shop', tag: 'acme' }]);
    await next(isOf('shop/tag:acme'));
    await store.invalidate([{ kind: 'key', key: keyOf('7') }]);
    await next(isOf('shop/lead:7'));
    await store.close();
    await close();
  });

  it('have all arrived once a barrier has resolved', async () => {
    const { heard, channel, close } = await start();
    const writer = await readiness(open({ url: server.url }, ioredis));
    for (let round = 0; round < 500; round++) {
      const key = `shop/lead:round-${round}`;
      await writer.client.set(key, 'x', 'PX', 60_000);
      await channel.barrier();
      expect(heard.some(isOf(key)), key).toBe(true);
    }
    await close();
  });

  it('share one PING between the barriers of a tick', async () => {
    const { channel, close } = await start();
    await server.cli('CONFIG', 'RESETSTAT');
    await Promise.all(Array.from({ length: 100 }, () => channel.barrier()));
    const calls = /cmdstat_ping:calls=(\d+)/.exec(String(await server.cli('INFO', 'commandstats')))?.[1];
    expect(Number(calls)).toBeLessThan(10); // and some heartbeats
    await close();
  });

  it('are down when the connection is cut, and up once it is armed anew', async () => {
    const { next, channel, close } = await start();
    for (let round = 0; round < 5; round++) {
      await server.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await next(isDown);
      await next(isUp);
      expect(channel.state).toBe('up');
      await server.cli('SET', 'shop/lead:after', String(round));
      await next(isOf('shop/lead:after'));
    }
    await close();
  });

  it('are down when the server is frozen, within the bound, and up again after it', async () => {
    const { next, channel, close } = await start();
    const trustedUntil = channel.trustedUntil;
    expect(trustedUntil - performance.now()).toBeLessThanOrEqual(3 * HEARTBEAT_MS);
    await server.freeze();
    expect(await next(isDown)).toMatchObject({ kind: 'down' });
    expect(channel).toMatchObject({ state: 'down', trustedUntil: Number.NEGATIVE_INFINITY });
    await expect(channel.barrier()).rejects.toThrow('barrier cannot be kept');
    await server.thaw();
    await next(isUp);
    await channel.barrier();
    await close();
  });

  it('are not trusted beyond the bound while this process is blocked, and are again after a PING', async () => {
    const { next, rest, channel, close } = await start();
    const never = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(never, 0, 0, 4 * HEARTBEAT_MS); // blocks the process, as a long computation does
    expect(channel.state).toBe('down');
    await channel.barrier();
    await server.cli('SET', 'shop/lead:later', 'x');
    await next(isOf('shop/lead:later'));
    expect(
      rest().filter((each) => isUp(each) || isDown(each)),
      'nothing was lost',
    ).toEqual([]);
    await close();
  });

  it('are down when the connection is half-open, and up over a new one', async () => {
    const proxy = await startProxy(server.port);
    const connection = await readiness(open({ url: proxy.url, heartbeatMs: HEARTBEAT_MS }, ioredis));
    const { next, channel } = listen(connection);
    await next(isUp);
    proxy.swallow(); // nothing more is carried, and nobody is told
    await next(isDown);
    expect(channel.state).toBe('down');
    await next(isUp); // connections made from now on are carried again
    await server.cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    await channel.close();
    await connection.close();
    await proxy.close();
  });

  it('go on after the server was restarted', async () => {
    const { next, close } = await start();
    await server.kill();
    await next(isDown);
    await server.restart();
    await next(isUp);
    await server.cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    await close();
  });

  it('are armed by themselves once a server that refused for a while, a replica without its primary, serves', async () => {
    const replica = await startRedis({ config: { 'replica-serve-stale-data': 'no' } });
    await replica.cli('REPLICAOF', '127.0.0.1', 1); // it refuses PING, not CLIENT: MASTERDOWN
    const { channel, next, heard } = listen(open({ url: replica.url, heartbeatMs: HEARTBEAT_MS }, ioredis));
    await next((each) => each.kind === 'down' && each.reason === 'MASTERDOWN');
    await replica.cli('REPLICAOF', 'NO', 'ONE');
    await next(isUp);
    expect(heard.filter((each) => each.kind === 'down' && each.reason === 'MASTERDOWN')).toHaveLength(1);
    await replica.cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    await channel.close();
    await replica.stop();
  });

  it('are armed by themselves once a password is no longer asked for', async () => {
    const guarded = await startRedis({ users: ['default on nopass ~* &* +@all'] });
    const { channel, next } = listen(await readiness(open({ url: guarded.url, heartbeatMs: HEARTBEAT_MS }, ioredis)));
    await next(isUp);
    await guarded.cli('ACL', 'SETUSER', 'default', 'resetpass', '>secret'); // for connections to come
    await guarded.cli('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await next((each) => each.kind === 'down' && each.reason === 'NOAUTH');
    await guarded.cli('ACL', 'SETUSER', 'default', 'nopass');
    await next(isUp);
    await channel.close();
    await guarded.stop();
  });

  it('have a connection of their own, beside a supplied client too, and end it', async () => {
    const client = new ioredis.Redis({ host: server.host, port: server.port, ...SAFE } as never);
    const connection = await readiness(open({ client, heartbeatMs: HEARTBEAT_MS }));
    const { next, channel, rest } = listen(connection);
    await next(isUp);
    await server.cli('SET', 'shop/lead:1', 'x');
    await next(isOf('shop/lead:1'));
    await channel.close();
    await channel.close();
    await server.cli('SET', 'shop/lead:1', 'y');
    await client.ping();
    expect(rest()).toEqual([]);
    await expect(channel.barrier()).rejects.toThrow('closed');
    await connection.close();
    client.disconnect();
  });
});

describe('a server without tracking', () => {
  const { open } = connectionsOfEachTest();

  it('says so, and goes on serving data', async () => {
    const server = await startRedis({ users: ['cache on >secret ~* &* +@all -client|tracking'] });
    const url = server.url.replace('redis://', 'redis://cache:secret@');
    const connection = await readiness(open({ url, heartbeatMs: HEARTBEAT_MS }));
    const { next, channel } = listen(connection);
    expect(await next(isDown)).toEqual({ kind: 'down', reason: 'TRACKING' });
    expect(channel.state).toBe('down');
    await connection.client.ping();
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(String(await server.cli('INFO', 'stats')))?.[1]);
    const before = await connections();
    await delay(4 * HEARTBEAT_MS); // real time, as it is a real server that must not be troubled
    expect(await connections()).toBe(before + 1); // the one that asks
    await channel.close();
    await server.stop();
  });

  it('is one where a right is missing; these are enough', async () => {
    const rights = '-@all +ping +info +client|setname +client|id +client|tracking +subscribe';
    const server = await startRedis({
      users: [`cache on >secret ~shop/* resetchannels &__redis__:invalidate ${rights}`],
    });
    const url = server.url.replace('redis://', 'redis://cache:secret@');
    const { next, channel } = listen(await readiness(open({ url, heartbeatMs: HEARTBEAT_MS })));
    await next(isUp);
    await channel.close();
    await server.stop();
  });

  it('that is ioredis-mock has no announcements at all', () => {
    const store = redisStore({ client: new RedisMock() as unknown as RedisClient });
    expect(store.announcements).toBeUndefined();
  });

  it('is not asked for every key of everybody', () => {
    const store = redisStore({ url: 'redis://127.0.0.1:1' });
    expect(() => store.announcements?.([], () => {})).toThrow('at least one type');
    expect(store.announcements?.(scopes, () => {}).state).toBe('down');
    return store.close();
  });
});
