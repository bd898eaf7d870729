import { Agent } from 'node:http';
import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { routerOf } from '../../src/express-app.ts';
import * as one from '../../src/index.ts';
import { metricsRoute } from '../../src/metrics-route.ts';
import { turns } from '../support/refreshed.ts';
import { send } from '../support/send.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** ESM and CommonJS in one process: each had statistics, scopes and marks of its own. */
async function anotherCopy(): Promise<typeof one> {
  vi.resetModules();
  const two = await import('../../src/index.ts');
  expect(two.cacheResponse).not.toBe(one.cacheResponse);
  return two;
}

describe.each(VERSIONS)('two copies of the package, on %s', (_name, express) => {
  const newCache = (clock = new FakeClock()) => createCache({ types: {}, logger: false, clock });

  it('did not see the statistics of each other', async () => {
    const two = await anotherCopy();
    const cache = newCache();
    const app = express();
    app.get('/x', one.cacheResponse({ cache, ttl: '1m' }), (_req, res) => void res.send('x'));
    app.get('/stats', two.statsRoute(cache));
    app.get('/metrics', metricsRoute(cache));
    const { ask } = await serve(app);
    await ask('/x');
    await ask('/x');
    expect(JSON.parse((await ask('/stats')).text)).toMatchObject({
      routes: [
        { route: '/x', result: 'miss', count: 1 },
        { route: '/x', result: 'hit', count: 1 },
      ],
    });
    expect((await ask('/metrics')).text).toContain('http_cache_requests_total{route="/x",result="hit"} 1');
  });

  it('keep the responses of two routes apart that answer one URL', async () => {
    const two = await anotherCopy();
    const cache = newCache();
    const app = express();
    for (const [copy, header] of [
      [one, 'x-one'],
      [two, 'x-two'],
    ] as const) {
      const inner = express();
      inner.get('/x', copy.cacheResponse({ cache, ttl: '1m', scope: undefined }), (_req, res) => void res.send(header));
      app.use((req, res, next) => (req.get(header) ? inner(req, res, next) : next()));
    }
    const { ask } = await serve(app);
    for (const _ of [1, 2])
      for (const header of ['x-one', 'x-two'])
        expect((await ask('/x', { headers: { [header]: '1' } })).text).toBe(header);
  });

  it('wait for no response of each other on one request', async () => {
    const two = await anotherCopy();
    const cache = newCache();
    const app = express();
    app.use(one.cacheResponse({ cache, ttl: '1m', shared: true }));
    app.get('/x', two.cacheResponse({ cache, ttl: '1m', shared: true }), (_req, res) => void res.send('x'));
    const { ask } = await serve(app);
    expect((await ask('/x')).headers['cache-status']).toBe('huntly; fwd=uri-miss; fwd-status=200; stored');
    expect((await ask('/x')).headers['cache-status']).toMatch(/^huntly; hit; ttl=\d+$/);
  });

  it('know the refreshes of each other', async () => {
    const two = await anotherCopy();
    const clock = new FakeClock();
    const cache = newCache(clock);
    const app = express();
    const seen: boolean[] = [];
    app.use((req, _res, next) => {
      seen.push(two.isRefresh(req));
      next();
    });
    app.get('/x', one.cacheResponse({ cache, clock, ttl: '1m', grace: '1m' }), (_req, res) => void res.send('x'));
    const { ask } = await serve(app);
    await ask('/x');
    await clock.advance(61_000);
    await ask('/x');
    await turns();
    expect(seen).toEqual([false, false, true]);
  });

  it('know the places of each other: two in one router that share a scope answer apart', async () => {
    const two = await anotherCopy();
    const cache = newCache();
    const app = express();
    for (const [copy, header] of [
      [one, 'x-one'],
      [two, 'x-two'],
    ] as const) {
      const router = express.Router();
      router.use((req, _res, next) => (req.get(header) ? next() : next('router')));
      router.use(copy.cacheResponse({ cache, ttl: '1m', scope: 'both' }), (_req, res) => void res.send(header));
      app.use(router);
    }
    const { ask } = await serve(app);
    for (const _ of [1, 2]) {
      expect((await ask('/x', { headers: { 'x-one': '1' } })).text).toBe('x-one');
      expect((await ask('/x', { headers: { 'x-two': '1' } })).text).toBe('x-two');
    }
  });

  it('watch one connection: what only its client has is kept by neither', async () => {
    const two = await anotherCopy();
    const app = express();
    app.get('/one/:id', one.cacheResponse({ cache: newCache(), ttl: '1m' }), (req, res) => {
      res.send(String(req.socket.remotePort));
    });
    app.get('/two/:id', two.cacheResponse({ cache: newCache(), ttl: '1m' }), (req, res) => {
      res.send(String(req.socket.remotePort));
    });
    const { port } = await serve(app);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (const path of ['/one/1', '/two/1', '/one/2', '/two/2'])
      expect((await send(port, path, { agent })).cache, path).toContain('detail=client');
  });

  it('see the errors that handlers pass on by one method, which changes nothing for other requests', async () => {
    const two = await anotherCopy();
    const app = express();
    const fails: RequestHandler = (_req, _res, next) => next(new Error('no'));
    const seen: unknown[] = [];
    const says: ErrorRequestHandler = (error: Error, req, res, next) => {
      seen.push([error.message, req.url, typeof next]);
      res.send('said');
    };
    app.get('/plain', fails, says);
    app.get('/one', one.cacheResponse({ cache: newCache(), ttl: '1m', query: [] }), fails, says);
    app.get('/two', two.cacheResponse({ cache: newCache(), ttl: '1m', query: [] }), fails, says);
    const { ask } = await serve(app);
    const layer: unknown = routerOf(app)?.stack?.[0];
    const methods = () => ['handle_error', 'handleError'].map((name) => Reflect.get(Object(layer), name) as unknown);
    await ask('/one?a=1');
    const patched = methods();
    await ask('/two?a=1');
    await ask('/plain?a=1');
    expect(methods()).toEqual(patched);
    expect(seen).toEqual(['/one?a=1', '/two?a=1', '/plain?a=1'].map((url) => ['no', url, 'function']));
  });

  it('tell the errors of each other', async () => {
    const two = await anotherCopy();
    const core = await import('@huntly/cache-core');
    const thrown = (() => {
      try {
        return core.toMilliseconds('x', 'bad');
      } catch (error) {
        return error;
      }
    })();
    const { CacheConfigError, KeyError } = await vi.importActual<typeof core>('@huntly/cache-core');
    expect(thrown).toBeInstanceOf(CacheConfigError);
    expect(thrown).not.toBeInstanceOf(KeyError);
    expect(new two.BadQueryError('no')).toBeInstanceOf(one.BadQueryError);
    expect(new Error('no')).not.toBeInstanceOf(one.BadQueryError);
  });
});
