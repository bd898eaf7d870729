import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startRedis } from '../src/index.ts';
import { freePort } from '../src/ports.ts';
import { ask } from '../src/resp.ts';
import { serversOfEachTest } from './fixture/servers.ts';

const { stopLater } = serversOfEachTest();

describe('startRedis', () => {
  it('gives an empty server of its own, on the loopback interface alone', async () => {
    const server = stopLater(await startRedis());
    expect(await server.cli('PING')).toBe('PONG');
    expect(await server.cli('DBSIZE')).toBe(0);
    expect(await server.cli('CONFIG', 'GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    expect(await server.cli('CONFIG', 'GET', 'save')).toEqual(['save', '']);
    expect(String(await server.cli('INFO', 'server'))).toContain(`process_id:${server.pid}`);
    expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
  });

  it('starts many at once, each on a port of its own', async () => {
    const servers = await Promise.all(Array.from({ length: 8 }, async () => stopLater(await startRedis())));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(8);
  });

  it('passes any directive on', async () => {
    const server = stopLater(
      await startRedis({
        config: { maxmemory: 1, 'maxmemory-policy': 'noeviction', 'rename-command': ['FLUSHALL ""', 'DEBUG ""'] },
      }),
    );
    await expect(server.cli('FLUSHALL')).rejects.toThrow('ERR unknown command');
    await expect(server.cli('SET', 'key', 'value')).rejects.toThrow('OOM command not allowed');
  });

  it('asks for a password', async () => {
    const server = stopLater(await startRedis({ password: 'blank "quote" /' }));
    expect(await server.cli('PING')).toBe('PONG');
    const { host, port } = server;
    await expect(ask({ host, port }, ['PING'])).rejects.toThrow('NOAUTH');
    const client = stopLater(new Redis(server.url));
    expect(await client.ping()).toBe('PONG');
  });

  it('knows users with rights of their own', async () => {
    const server = stopLater(await startRedis({ users: ['default off', 'cache on >secret ~app:* +set'] }));
    const { host, port } = server;
    const asCache = { host, port, username: 'cache', password: 'secret' };
    expect(await ask(asCache, ['SET', 'app:1', 'x'])).toBe('OK');
    await expect(ask(asCache, ['SET', 'other', 'x'])).rejects.toThrow('NOPERM');
    await expect(ask({ host, port }, ['PING'])).rejects.toThrow('NOAUTH');
    expect(await server.cli('GET', 'app:1')).toBe('x');
    await expect(startRedis({ users: [], password: 'x' })).rejects.toThrow('password and users exclude each other');
  });

  it('reads replies of every kind, in one piece or in many', async () => {
    const server = stopLater(await startRedis());
    expect(await server.cli('EVAL', `return {1, 'two', {3, false}, {}}`, 0)).toEqual([1, 'two', [3, null], []]);
    const text = 'ä€😀\r\n'.repeat(100_000);
    await server.cli('SET', 'text', text);
    expect(await server.cli('GET', 'text')).toBe(text);
    await expect(server.cli('INCR', 'text')).rejects.toMatchObject({
      name: 'ReplyError',
      message: 'ERR value is not an integer or out of range',
    });
  });
});

describe('a server that does not start', () => {
  it('is reported with what it said, and not tried again', async () => {
    let ports = 0;
    const nextPort = (): Promise<number> => {
      ports++;
      return freePort();
    };
    const starting = startRedis({ nextPort, config: { 'no-such-directive': 'yes' } });
    await expect(starting).rejects.toThrow(
      /redis-server did not start[\s\S]*'no-such-directive yes'[\s\S]*Bad directive/,
    );
    expect(ports).toBe(1);
  });

  it('is reported when the binary cannot be run', async () => {
    await expect(startRedis({ binary: '/no/such/redis-server' })).rejects.toMatchObject({ cause: { code: 'ENOENT' } });
  });

  it('takes another port when someone else was faster', async () => {
    const taken = await freePort();
    const rival = createServer().listen(taken, '127.0.0.1');
    const ports = [taken, taken, await freePort()];
    const server = stopLater(await startRedis({ nextPort: async () => ports.shift() ?? expect.unreachable() }));
    expect(server.port).not.toBe(taken);
    expect(ports).toEqual([]);
    rival.close();
  });

  it('gives up when every port is taken', async () => {
    const taken = await freePort();
    const rival = createServer().listen(taken, '127.0.0.1');
    await expect(startRedis({ nextPort: async () => taken })).rejects.toThrow('Address already in use');
    rival.close();
  });
});
