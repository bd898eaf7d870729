import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processState, type RedisServer, startRedis } from '../src/index.ts';
import { ask } from '../src/resp.ts';
import { serversOfEachTest } from './fixture/servers.ts';

const { stopLater } = serversOfEachTest();

describe('control of a server', () => {
  it('freezes: connections are taken and nobody answers until the thaw', async () => {
    const server = stopLater(await startRedis());
    await server.freeze();
    expect(server.state).toBe('frozen');
    await expect(ask(server.endpoint, ['SET', 'late', 'x'], 100)).rejects.toThrow('no answer from');
    await server.thaw();
    expect(server.state).toBe('running');
    expect(await server.cli('PING')).toBe('PONG');
  });

  it('dies, and comes back empty on the same port', async () => {
    const server = stopLater(await startRedis({ config: { maxmemory: '5mb' } }));
    await server.cli('SET', 'key', 'value');
    const { pid, port } = server;
    await server.kill();
    expect(server.state).toBe('dead');
    expect(processState(pid)).toBe('gone');
    await expect(server.cli('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(server.freeze()).rejects.toThrow('a dead server cannot be frozen');
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect(server.port).toBe(port);
    expect(await server.cli('GET', 'key')).toBeNull();
    expect(await server.cli('CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', '5242880']);
  });

  it('restarts a running server too', async () => {
    const server = stopLater(await startRedis());
    await server.cli('SET', 'key', 'value');
    await server.restart();
    expect(await server.cli('DBSIZE')).toBe(0);
  });

  it.each(['running', 'frozen', 'dead'] as const)('stops a %s server for good, folder and all', async (state) => {
    const server = await startRedis();
    const folder = await folderOf(server);
    if (state === 'frozen') await server.freeze();
    if (state === 'dead') await server.kill();
    expect(server.state).toBe(state);
    await server.stop();
    expect(processState(server.pid)).toBe('gone');
    expect(existsSync(folder)).toBe(false);
    await server.stop();
  });
});

async function folderOf(server: RedisServer): Promise<string> {
  const info = String(await server.cli('INFO', 'server'));
  return dirname(/config_file:(.+)/.exec(info)?.[1]?.trim() ?? expect.unreachable());
}
