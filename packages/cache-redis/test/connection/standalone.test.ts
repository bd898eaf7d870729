import { createServer } from 'node:net';
import type { StoreStatus } from '@huntly/cache-core';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectionsOfEachTest, failure, readiness, statusOf, VERSIONS } from './fixture/connections.ts';

describe.each(VERSIONS)('one server with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ config: { 'enable-debug-command': 'local', 'key-load-delay': 0 } });
  });
  afterAll(() => server.stop());

  it('does nothing before the next tick, then becomes ready', async () => {
    const connection = open({ url: server.url }, ioredis);
    expect(connection.client.status).toBe('wait');
    expect(connection.status()).toEqual({ state: 'connecting' });
    await readiness(connection);
    expect(connection.isCluster).toBe(false);
    expect(connection.primaries()).toEqual([connection.client]);
  });

  it('answers commands in the shapes that the types promise', async () => {
    const { client } = await readiness(open({ url: server.url }, ioredis));
    expect(await client.set('{a}1', Buffer.from([0, 255]), 'PX', 60_000)).toBe('OK');
    expect(await client.set('{a}1', 'other', 'PX', 60_000, 'NX')).toBeNull();
    expect(await client.mgetBuffer(['{a}1', '{a}2'])).toEqual([Buffer.from([0, 255]), null]);
    expect(await client.eval('return {KEYS[1], 1}', 1, '{a}1')).toEqual(['{a}1', 1]);
    const id = await client.xadd('stream', 'MAXLEN', '~', 10, '*', 'field', 'value');
    expect(await client.xrevrange('stream', '+', '-', 'COUNT', 1)).toEqual([[id, ['field', 'value']]]);
    expect(await client.zincrby('ranking', 2, 'member')).toBe('2');
    expect(await client.zrevrange('ranking', 0, -1, 'WITHSCORES')).toEqual(['member', '2']);
    const pipeline = client.pipeline().getBuffer('{a}2').pttl('{a}2');
    expect(await pipeline.exec()).toEqual([
      [null, null],
      [null, -2],
    ]);
    expect(await client.unlink(['{a}1', 'stream', 'ranking'])).toBe(3);
  });

  it('selects the database of the URL', async () => {
    const { client } = await readiness(open({ url: `${server.url}/3` }, ioredis));
    await client.set('key', 'value', 'PX', 60_000);
    expect(String(await server.cli('INFO', 'keyspace'))).toContain('db3:keys=1');
    await client.unlink('key');
  });

  it('refuses commands at once while there is no connection, and connects again after a restart', async () => {
    const connection = await readiness(open({ url: server.url }, ioredis));
    const seen: StoreStatus[] = [];
    connection.onStatus((status) => seen.push(status));
    await server.kill();
    await failure(connection, 'ECONNREFUSED');
    await expect(connection.client.get('key')).rejects.toThrow("Stream isn't writeable");
    await server.restart();
    await readiness(connection);
    expect(await connection.client.get('key')).toBeNull();
    expect(seen[0]).toMatchObject({ state: 'down' });
    expect(seen.at(-1)).toEqual({ state: 'ready' });
  });

  it('never sends a command a second time', async () => {
    const { client } = await readiness(open({ url: server.url }, ioredis));
    await server.freeze();
    const underWay = client.eval("return redis.call('INCR', KEYS[1])", 1, 'counter');
    const outcome = expect(underWay).rejects.toThrow();
    await server.kill();
    await outcome;
    await server.restart();
    await until('a connection', () => (client.status === 'ready' ? true : undefined));
    expect(await client.get('counter')).toBeNull();
  });

  it('says so while nobody listens, and connects once somebody does', async () => {
    const other = await startRedis();
    await other.kill();
    const connection = open({ url: other.url }, ioredis);
    expect(await failure(connection)).toBe('ECONNREFUSED');
    await other.restart();
    await readiness(connection);
    await other.stop();
  });

  it('tells a server that loads its data', async () => {
    await server.cli('DEBUG', 'POPULATE', 2_000, 'key', 100);
    await server.cli('CONFIG', 'SET', 'loading-process-events-interval-bytes', 1024);
    await server.cli('CONFIG', 'SET', 'key-load-delay', 300);
    const loading = server.cli('DEBUG', 'RELOAD');
    await until('the loading', async () =>
      /loading:1/.test(String(await server.cli('INFO', 'persistence'))) ? true : undefined,
    );
    const connection = open({ url: server.url }, ioredis);
    expect(await failure(connection)).toBe('LOADING');
    await loading;
    await readiness(connection);
    await server.cli('FLUSHALL');
    await server.cli('CONFIG', 'SET', 'key-load-delay', 0);
  });

  it('replaces the connection to a server that is frozen', async () => {
    const connection = await readiness(open({ url: server.url, socketTimeoutMs: 100 }, ioredis));
    await server.freeze();
    await expect(connection.client.ping()).rejects.toThrow();
    await failure(connection, 'TIMEOUT');
    await server.thaw();
    await readiness(connection);
  });

  it('gives up a connection to a server that accepts it and never answers', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const connection = open({ url: `redis://127.0.0.1:${port}`, socketTimeoutMs: 100 }, ioredis);
    expect(await failure(connection, 'TIMEOUT')).toBe('TIMEOUT');
    await connection.close();
    silent.close();
  });
});

describe.each(VERSIONS)('closing with $version', ({ ioredis }) => {
  const { open } = connectionsOfEachTest();
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  it('lets what was sent before finish, and tells so', async () => {
    const connection = await readiness(open({ url: server.url }, ioredis));
    const seen: StoreStatus[] = [];
    connection.onStatus((status) => seen.push(status));
    const answer = connection.client.ping();
    await connection.close();
    expect(await answer).toBe('PONG');
    expect(seen).toEqual([{ state: 'down', reason: 'closed' }]);
    await until('the connection to end', () => (connection.client.status === 'end' ? true : undefined));
    expect(connection.status()).toEqual({ state: 'down', reason: 'closed' });
  });

  it('may be called twice, and before the first tick', async () => {
    const connection = open({ url: server.url }, ioredis);
    expect(connection.close()).toBe(connection.close());
    await connection.close();
    expect(connection.client.status).toBe('end');
  });

  it('does not wait for a frozen server', async () => {
    const connection = await readiness(open({ url: server.url }, ioredis));
    await server.freeze();
    const outcome = expect(connection.client.ping()).rejects.toThrow();
    const before = performance.now();
    await connection.close();
    expect(performance.now() - before).toBeLessThan(1_500);
    await outcome;
    await server.thaw();
  });

  it('ends the attempts to connect', async () => {
    await server.kill();
    const connection = open({ url: server.url }, ioredis);
    await failure(connection);
    await connection.close();
    await server.restart();
    await expect(connection.client.ping()).rejects.toThrow();
    expect(await statusOf(connection, () => true)).toEqual({ state: 'down', reason: 'closed' });
    expect(await server.cli('CLIENT', 'LIST', 'TYPE', 'NORMAL')).not.toContain('huntly-cache');
  });
});
