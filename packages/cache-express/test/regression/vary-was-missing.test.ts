import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

const FR = { 'accept-language': 'fr' };

describe.each(VERSIONS)('a response made for one language was for all, on %s', (_name, express) => {
  /** A route that answers by language, as caches behind may keep it. */
  function route(answer: (req: Request, res: Response) => unknown, more: Partial<CacheResponseOptions> = {}) {
    const app = express();
    const cache = createCache({ types: {}, logger: false });
    app.get('/', cacheResponse({ cache, ttl: '1m', vary: ['Accept-Language'], ...more }), (req, res) => {
      res.set('Cache-Control', 'public, max-age=60');
      answer(req, res);
    });
    app.use(((_error, _req, res, _next) => res.status(500).send('failed')) as ErrorRequestHandler);
    return serve(app);
  }
  const send = (_req: Request, res: Response) => res.send('bonjour');

  it.each<[string, (req: Request, res: Response) => unknown, Partial<CacheResponseOptions>]>([
    ['stored', send, {}],
    ['too large', send, { maxBodyBytes: 1 }],
    ['too large, in pieces', (_req, res) => [res.write('bon'), res.end('jour')], { maxBodyBytes: 1 }],
    ['with too many tags', send, { tags: () => Array.from({ length: 129 }, String) }],
    ['whose tags throw', send, { tags: () => JSON.parse('{') as string[] }],
    ['with a cookie', (_req, res) => res.cookie('a', 'b').send('x'), {}],
    ['with another status', (_req, res) => res.status(201).send('x'), {}],
    ['a redirect', (_req, res) => res.redirect('/fr'), {}],
    ['not to be stored', (_req, res) => res.set('Cache-Control', 'no-store').send('x'), {}],
    ['with its own Vary', (_req, res) => res.vary('X-Other').send('x'), {}],
    ['an event stream', (_req, res) => res.type('text/event-stream').end('data: x\n\n'), {}],
    ['with a head of writeHead', (_req, res) => res.writeHead(200, { 'X-A': '1' }).end('xx'), { maxBodyBytes: 1 }],
  ])('%s', async (_what, answer, more) => {
    const { ask } = await route(answer, more);
    for (const time of ['miss', 'again', 'once more'])
      expect(String((await ask('/', { headers: FR })).headers.vary), time).toMatch(/(^|, )Accept-Language($|,)/);
    expect((await ask('/', { method: 'HEAD', headers: FR })).headers.vary).toContain('Accept-Language');
  });

  it('a HEAD that finds nothing', async () => {
    const { ask } = await route(send);
    const { headers, cache } = await ask('/', { method: 'HEAD', headers: FR });
    expect([headers.vary, cache]).toEqual(['Accept-Language', 'fwd=uri-miss']);
  });

  it('a 304, of the handler, of a miss and of a hit', async () => {
    const { ask } = await route((_req, res) => res.set('ETag', '"a"').send('x'));
    const headers = { ...FR, 'if-none-match': '"a"' };
    for (const method of ['HEAD', 'GET', 'GET'])
      expect(await ask('/', { method, headers })).toMatchObject({
        status: 304,
        headers: { vary: 'Accept-Language' },
      });
  });

  it('one that is not waited for, and those who waited', async () => {
    const held = gate();
    let runs = 0;
    const { ask } = await route(async (_req, res) => {
      runs++;
      await held.opened;
      res.cookie('a', 'b').send('x');
    });
    const asked = [ask('/', { headers: FR }), ask('/', { headers: FR })];
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    held.open();
    for (const { headers } of [...(await Promise.all(asked)), await ask('/', { headers: FR })])
      expect(headers.vary).toBe('Accept-Language');
  });

  it('one that came after the timeout, which also says so and keeps its tags', async () => {
    const clock = new FakeClock();
    const held = gate();
    let runs = 0;
    const { ask } = await route(
      async (_req, res) => {
        runs++;
        await held.opened;
        res.set('Cache-Tag', 'a').send('x');
      },
      { clock, timeout: '1s', cache: createCache({ types: {}, logger: false, clock }) },
    );
    const asked = ask('/', { headers: FR });
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(2_000);
    held.open();
    const { headers, cache } = await asked;
    expect(headers.vary).toBe('Accept-Language');
    expect(headers['cache-tag']).toBeUndefined();
    expect(cache).toBe('fwd=miss; fwd-status=200; detail=timeout');
  });

  it('an error page', async () => {
    const app = express();
    const cache = createCache({ types: {}, logger: false });
    app.get('/', cacheResponse({ cache, ttl: '1m', vary: ['Accept-Language'] }), (_req, _res, next) =>
      next(new Error('failed')),
    );
    app.use(((_error, _req, res, _next) => res.status(500).send('failed')) as ErrorRequestHandler);
    const { ask } = await serve(app);
    expect((await ask('/', { headers: FR })).headers.vary).toBe('Accept-Language');
  });
});
