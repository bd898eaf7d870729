import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { startRedis } from '../src/index.ts';
import { ask } from '../src/resp.ts';
import { serversOfEachTest } from './fixture/servers.ts';

const { stopLater } = serversOfEachTest();

describe('a server over TLS', () => {
  it('proves who it is to a client that trusts its authority, and to no other', async () => {
    const server = stopLater(await startRedis({ tls: true }));
    const { host, port, ca } = server;
    expect(server.url).toBe(`rediss://127.0.0.1:${port}`);
    const client = stopLater(new Redis(server.url, { tls: { ca } }));
    expect(await client.ping()).toBe('PONG');
    expect(await connectError({ tls: {} })).toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
    });
    expect(await connectError({ tls: { ca, servername: 'elsewhere.example' } })).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    await expect(ask({ host, port }, ['PING'])).rejects.toThrow();

    function connectError(options: { tls: object }): Promise<unknown> {
      const stranger = stopLater(new Redis({ host, port, lazyConnect: true, retryStrategy: () => null, ...options }));
      return new Promise((resolve) => {
        stranger.once('error', resolve);
        // It rejects with "Connection is closed." after the error event has told why.
        stranger.connect().then(() => resolve('connected'), resolve);
      });
    }
  });
});
