import { createCache } from '@huntly/cache-core';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../src/index.ts';
import { serve, VERSIONS } from './support/serve.ts';

type Handler = (req: Request, res: Response) => unknown;

describe.each(VERSIONS)('a method that changes something, on %s', (_name, express) => {
  /** The handler behind a cached route and without one; a hook of `/hook` throws as the head is written. */
  const open = (handler: Handler) => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    app.use('/hook', (_req, res, next) => {
      const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
      let isFirst = true;
      res.writeHead = ((...args: unknown[]) => {
        if (!isFirst) return writeHead(...args);
        isFirst = false;
        throw new Error('a hook failed');
      }) as typeof res.writeHead;
      next();
    });
    app.post('/plain', handler);
    app.post(['/cached', '/hook/cached'], cacheResponse({ cache, ttl: '1m' }), handler);
    app.use(((_error, _req, res, next) =>
      res.headersSent ? next(_error) : res.status(500).send('a longer text than before')) as ErrorRequestHandler);
    return serve(app);
  };

  it.each<[string, Handler]>([
    ['a second answer', (_req, res) => [res.status(201).json({ saved: true }), late(() => res.status(400).json('no'))]],
    [
      'an answer after a look at headersSent',
      (_req, res) => [res.json({ saved: true }), res.headersSent || res.status(404).json('not found')],
    ],
    ['a second end', (_req, res) => [res.end('first'), res.end()]],
    ['an end with text in hex', (_req, res) => res.end('6869', 'hex')],
    ['an end without a body', (_req, res) => res.status(204).end()],
    ['an end with what is no body', (_req, res) => res.end(42)],
  ])('%s: the client sees what it sees without a cache', async (_what, handler) => {
    const { ask } = await open(handler);
    const [plain, cached] = [await ask('/plain', { method: 'POST' }), await ask('/cached', { method: 'POST' })];
    expect([cached.status, cached.text]).toEqual([plain.status, plain.text]);
    expect(cached.headers['content-length']).toBe(plain.headers['content-length']);
  });

  it('nothing is written after the end', async () => {
    const { ask } = await open((_req, res) => {
      res.end('first');
      expect(res.write('second')).toBe(false);
    });
    expect((await ask('/cached', { method: 'POST' })).text).toBe('first');
  });

  it('a hook that throws as the head is written is answered by the error handler', async () => {
    const { ask } = await open((_req, res) => res.json({ saved: true }));
    const answer = await ask('/hook/cached', { method: 'POST' });
    expect(answer).toMatchObject({ status: 500, text: 'a longer text than before' });
  });

  it('an end that throws after the invalidation cuts the response off and ends no process', async () => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    app.use((_req, res, next) => {
      res.end = () => {
        throw new Error('a wrapper failed');
      };
      next();
    });
    app.post('/', cacheResponse({ cache, ttl: '1m' }), (_req, res) => res.json({ saved: true }));
    const { ask } = await serve(app);
    await expect(ask('/', { method: 'POST' })).rejects.toThrow(/socket hang up|ECONNRESET/);
  });
});

/** What plain Express throws, which is not the question here. */
function late(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
