import { createCache } from '@huntly/cache-core';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

/** Whoever logs that a client has left saw the request that its handler sees. */
describe.each(VERSIONS)('a client that left, on %s', (_name, express) => {
  const routes = ['route', 'use'] as const;

  it.each(routes)('is logged with its own request: by %s', async (way) => {
    const logged: Record<string, unknown> = {};
    const look = (req: Request, event: string) => {
      logged[event] ??= [req.originalUrl, req.get('user-agent'), req.query['secret']];
    };
    const app = express();
    const running = gate();
    const blocked = gate();
    app.use((req, res, next) => {
      req.once('aborted', () => look(req, 'aborted'));
      req.once('close', () => look(req, 'close of the request'));
      req.on('error', () => look(req, 'error'));
      res.once('close', () => look(req, 'close'));
      req.socket.once('close', () => look(req, 'close of the socket'));
      next();
    });
    const cached = cacheResponse({
      cache: createCache({ types: {}, logger: false }),
      ttl: '1m',
      query: ['q'],
      shared: true,
    });
    const handler = async (_req: Request, res: Response) => {
      running.open();
      await blocked.opened;
      res.send('too late');
    };
    if (way === 'route') app.get('/x', cached, handler);
    else app.use(cached).get('/x', handler);
    const { leave, ask } = await serve(app);
    await leave('/x?q=1&secret=2', running.opened);
    await expect.poll(() => Object.keys(logged).length).toBeGreaterThanOrEqual(4);
    for (const [event, seen] of Object.entries(logged))
      expect([event, seen]).toEqual([event, ['/x?q=1&secret=2', undefined, '2']]);
    blocked.open();
    expect((await ask('/x?q=1')).cache).toContain('fwd=uri-miss'); // what was said to nobody is not stored
  });

  it('what its handler says as it learns of that is not stored', async () => {
    const app = express();
    const running = gate();
    let runs = 0;
    app.get('/x', cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' }), (req, res) => {
      if (++runs > 1) return void res.send('whole');
      for (const event of ['aborted', 'close']) req.once(event, () => res.writableEnded || res.send('cut short'));
      running.open();
    });
    const { leave, ask } = await serve(app);
    await leave('/x', running.opened);
    await expect.poll(async () => (await ask('/x')).text).toBe('whole');
  });

  it('leaves no listeners on a connection that goes on', async () => {
    const counts: number[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.once('finish', () =>
        setImmediate(() => counts.push(req.socket.listenerCount('close') + req.socket.listenerCount('error'))),
      );
      next();
    });
    let run = 0;
    app.get('/:id', cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' }), (_req, res) =>
      res.send(`${++run}`),
    );
    const { port } = await serve(app);
    const { Agent, get } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let id = 0; id < 5; id++) {
      await new Promise((resolve) => get({ port, path: `/${id}`, agent }, (res) => res.resume().on('end', resolve)));
    }
    agent.destroy();
    expect(new Set(counts).size).toBe(1);
  });
});
