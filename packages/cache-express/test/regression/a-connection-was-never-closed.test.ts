import type { Socket } from 'node:net';
import { createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { conversation } from '../support/raw.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/**
 * Two unsafe requests at once on a connection, or two cached routes on the way of one, left it so that nothing could
 * close it.
 */
describe.each(VERSIONS)('a connection was never closed, on %s', (_name, express) => {
  const SOCKET_METHODS = ['destroy', 'destroySoon', 'resetAndDestroy', 'end'];
  function open() {
    const cache = createCache({ types: {}, logger: false });
    onTestFinished(() => cache.close());
    return { app: express(), cached: () => cacheResponse({ cache, ttl: '1m' }) };
  }
  const ends: RequestHandler = (_req, res) => void res.sendStatus(204);
  const changed = (target: object) => [
    ...SOCKET_METHODS.filter((name) => Object.hasOwn(target, name)),
    ...Object.getOwnPropertySymbols(target).filter((symbol) => symbol.description?.includes('deferred')),
  ];

  it('after two routes of one cache, and of two', async () => {
    const { app, cached } = open();
    const sockets: Socket[] = [];
    app.use((req, _res, next) => {
      sockets.push(req.socket);
      next();
    });
    app.route('/x').all(cached());
    app.put('/x', cached(), open().cached(), ends);
    const { ask } = await serve(app);
    expect((await ask('/x', { method: 'PUT' })).status).toBe(204);
    for (const socket of sockets) {
      await expect.poll(() => socket.destroyed).toBe(true);
      expect(changed(socket)).toEqual([]);
    }
  });

  it('after requests that were pipelined, whichever is answered first', async () => {
    const { app, cached } = open();
    const waiting: (() => void)[] = [];
    let shared: Socket | undefined;
    app.put('/x', cached(), (req, res) => {
      shared = req.socket;
      waiting.push(() => void res.sendStatus(204));
      if (waiting.length === 2) for (const answer of waiting.reverse()) answer();
    });
    const { port } = await serve(app);
    const lines = ['PUT /x HTTP/1.1', 'Host: one.example', 'Content-Length: 0'];
    const first = [...lines, '', ''].join('\r\n');
    const last = [...lines, 'Connection: close', '', ''].join('\r\n');
    expect((await conversation(port, first + last)).toString('latin1').match(/ 204 /g)).toHaveLength(2);
    await expect.poll(() => shared?.destroyed).toBe(true);
    expect(changed(Object(shared))).toEqual([]);
  });
});
