import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache, type Logger, memoryStore } from '@huntly/cache-core';
import type { Application, Request, RequestHandler } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { send } from '../support/send.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/**
 * Two places that could answer one URL shared their responses: by one `cacheResponse`, tenant B got the body of tenant
 * A.
 */
describe.each(VERSIONS)('a route that cannot be told, on %s', (_name, express) => {
  function make(more: Partial<CacheResponseOptions> = {}) {
    const warn = vi.fn();
    const logger: Logger = { debug() {}, info() {}, warn, error() {} };
    const cached = cacheResponse({ cache: createCache({ types: {}, logger }), ttl: '5m', ...more });
    return { cached, warnings: () => warn.mock.calls.map(([, text]) => String(text)) };
  }
  const says =
    (text: string): RequestHandler =>
    (_req, res) =>
      void res.send(text);
  const isB = (req: Request) => req.get('x-tenant') === 'b';
  const asB = { headers: { 'x-tenant': 'b' } };
  /** As two visitors of each tenant see it. */
  async function expectApart(ask: Awaited<ReturnType<typeof serve>>['ask'], path = '/data') {
    for (const _again of [1, 2]) {
      expect((await ask(path)).text).toBe('of a');
      expect((await ask(path, asB)).text).toBe('of b');
    }
  }
  /** With a route, or with a middleware before it. */
  const WAYS: [string, (target: Application, cached: RequestHandler, text: string) => void][] = [
    ['a route', (target, cached, text) => void target.get('/data', cached, says(text))],
    [
      'a middleware',
      (target, cached, text) => {
        target.use(cached);
        target.get('/data', says(text));
      },
    ],
  ];

  describe.each(WAYS)('with %s', (_way, mount) => {
    it('is not cached where a function chooses the router', async () => {
      const { cached, warnings } = make();
      const [a, b] = [express.Router(), express.Router()];
      mount(a as unknown as Application, cached, 'of a');
      mount(b as unknown as Application, cached, 'of b');
      const app = express();
      app.use((req, res, next) => (isB(req) ? b : a)(req, res, next));
      const { ask } = await serve(app);
      await expectApart(ask);
      expect((await ask('/data')).cache).toBe('fwd=bypass; detail=route');
      expect(warnings()).toHaveLength(1);
      expect(warnings()[0]).toContain('`scope`');
    });

    it('is not cached where a function chooses the app', async () => {
      const { cached, warnings } = make();
      const [a, b] = [express(), express()];
      mount(a, cached, 'of a');
      mount(b, cached, 'of b');
      const app = express();
      app.use((req, res, next) => (isB(req) ? b : a)(req, res, next));
      const { ask } = await serve(app);
      await expectApart(ask);
      for (const tenant of [{}, asB]) expect((await ask('/data', tenant)).cache).toBe('fwd=bypass; detail=route');
      expect(warnings()).toHaveLength(1);
    });

    it('is not cached where a server chooses the app', async () => {
      const { cached } = make();
      const [a, b] = [express(), express()];
      mount(a, cached, 'of a');
      mount(b, cached, 'of b');
      const server = createServer((req, res) => void (req.headers['x-tenant'] === 'b' ? b : a)(req, res));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
      const { port } = server.address() as AddressInfo;
      await expectApart((path, ask) => send(port, path, ask));
      expect((await send(port, '/data')).cache).toBe('fwd=bypass; detail=route');
    });

    it('is cached where a function as `scope` tells it', async () => {
      const { cached, warnings } = make({ scope: (req) => (isB(req) ? 'b' : 'a') });
      const [a, b] = [express.Router(), express.Router()];
      mount(a as unknown as Application, cached, 'of a');
      mount(b as unknown as Application, cached, 'of b');
      const app = express();
      app.use((req, res, next) => (isB(req) ? b : a)(req, res, next));
      const { ask } = await serve(app);
      await expectApart(ask);
      for (const tenant of [{}, asB]) expect((await ask('/data', tenant)).cache).toContain('hit');
      expect(warnings()).toEqual([]);
    });

    it('is cached in two routers at two paths, and in one at two paths', async () => {
      const { cached } = make();
      const [a, b] = [express.Router(), express.Router()];
      mount(a as unknown as Application, cached, 'of a');
      mount(b as unknown as Application, cached, 'of b');
      const app = express();
      app.use('/a', a);
      app.use('/b', b);
      app.use('/C/', b);
      const { ask } = await serve(app);
      for (const [path, text] of [
        ['/a/data', 'of a'],
        ['/b/data', 'of b'],
        ['/c/data', 'of b'],
      ] as const) {
        expect(await ask(path)).toMatchObject({ text, cache: expect.stringContaining('stored') as string });
        expect(await ask(path)).toMatchObject({ text, cache: expect.stringContaining('hit') as string });
      }
    });

    it('is cached in apps that are mounted at paths of their own', async () => {
      const { cached } = make();
      const [a, b] = [express(), express()];
      mount(a, cached, 'of a');
      mount(b, cached, 'of b');
      const app = express();
      const router = express.Router();
      app.use('/a', a);
      app.use('/in', router);
      router.use('/b', b); // not known to its app
      app.use('/b', b);
      const { ask } = await serve(app);
      for (const [path, text] of [
        ['/a/data', 'of a'],
        ['/b/data', 'of b'],
      ] as const) {
        expect(await ask(path)).toMatchObject({ text, cache: expect.stringContaining('stored') as string });
        expect(await ask(path)).toMatchObject({ text, cache: expect.stringContaining('hit') as string });
      }
      expect((await ask('/in/b/data')).text).toBe('of b');
    });

    it('is not cached where one router is mounted twice at one path', async () => {
      const { cached } = make();
      const router = express.Router();
      router.get('/data', (_req, _res, next) => next());
      mount(router as unknown as Application, cached, 'of a');
      const app = express();
      app.use((req, res, next) => {
        res.locals['text'] = isB(req) ? 'of b' : 'of a';
        next();
      });
      app.use((req, _res, next) => (isB(req) ? next('router') : next()), router);
      app.use('/', router);
      const { ask } = await serve(app);
      expect((await ask('/data')).cache).toBe('fwd=bypass; detail=route');
    });

    it('is not cached where several apps are mounted at one path: they show not which is which', async () => {
      const { cached } = make();
      const [a, b] = [express(), express()];
      mount(a, cached, 'of a');
      mount(b, cached, 'of b');
      const app = express();
      const [first, second] = [express.Router(), express.Router()];
      const only: RequestHandler = (req, _res, next) => (isB(req) ? next() : next('router'));
      first.use(only);
      app.use(first);
      app.use(second);
      app.use(a);
      app.use(b);
      const { ask } = await serve(app);
      expect(await ask('/data')).toMatchObject({ text: 'of a', cache: 'fwd=bypass; detail=route' });
    });
  });

  it('is not cached where a router that a function chose comes after a route of the same handler that passed on', async () => {
    const { cached } = make();
    const hidden = express.Router();
    hidden.use(cached);
    hidden.get('/data', says('of all'));
    const app = express();
    const only: RequestHandler = (req, _res, next) => (isB(req) ? next() : next('route'));
    app.get('/data', only, cached, says('of b'));
    app.use((req, res, next) => hidden(req, res, next));
    const { ask } = await serve(app);
    for (const _again of [1, 2]) {
      expect((await ask('/data', asB)).text).toBe('of b');
      expect((await ask('/data')).text).toBe('of all');
    }
    expect((await ask('/data', asB)).cache).toContain('hit');
    expect((await ask('/data')).cache).toBe('fwd=bypass; detail=route');
  });

  it('is told from a middleware with the same handler, whichever route was passed before', async () => {
    const { cached } = make();
    const app = express();
    const only: RequestHandler = (req, _res, next) => (isB(req) ? next() : next('route'));
    app.get('/data', only, cached, says('of b'));
    app.use(cached);
    app.get('/data', says('of a'));
    const { ask } = await serve(app);
    await expectApart(ask);
    for (const tenant of [{}, asB]) expect((await ask('/data', tenant)).cache).toContain('hit');
  });

  it('is told where a router inside another route has left its own route in the request', async () => {
    const { cached } = make();
    const inner = express.Router();
    inner.get('/data', (_req, _res, next) => next('route'), cached, says('never'));
    const app = express();
    app.get('/data', (req, _res, next) => next(isB(req) ? undefined : 'route'), inner, cached, says('of b'));
    app.get('/data', cached, says('of a'));
    const { ask } = await serve(app);
    await expectApart(ask);
  });

  it('is not cached where a function wraps its handler', async () => {
    const { cached, warnings } = make();
    const app = express();
    app.get('/data', (req, res, next) => cached(req, res, next), says('of all'));
    const { ask } = await serve(app);
    await ask('/data');
    expect(await ask('/data')).toMatchObject({ text: 'of all', cache: 'fwd=bypass; detail=route' });
    expect(warnings()[0]).toContain('behind a function');
  });

  it('is cached before everything, and told again once a layer is added', async () => {
    const { cached } = make({ shared: true });
    const app = express();
    app.use(cached);
    app.get('/data', says('of a'));
    const router = express.Router();
    app.use(router);
    const { ask } = await serve(app);
    await ask('/data');
    expect((await ask('/data')).cache).toContain('hit');
    router.use(cached);
    expect((await ask('/data')).cache).toBe('fwd=bypass; detail=route');
  });

  it('is told by `app.route`, by a list of paths, by a pattern, and by two routes with one handler', async () => {
    const { cached } = make();
    const app = express();
    app.route('/a').all(cached).get(says('a'));
    app.get(['/b', '/c'], cached, says('bc'));
    app.get(/^\/d+$/, cached, says('d'));
    app.get('/e', cached, says('e'));
    app.get('/f', cached, cached, says('f'));
    const { ask } = await serve(app);
    for (const path of ['/a', '/b', '/c', '/d', '/dd', '/e', '/f']) {
      await ask(path);
      expect((await ask(path)).cache, path).toContain('hit');
    }
  });

  it('sees in the key what `router.param` has made of the parameters', async () => {
    const { cached } = make();
    const app = express();
    app.param('id', (req, _res, next, id: string) => {
      req.params['id'] = isB(req) ? `${id} of b` : `${id} of a`;
      next();
    });
    app.get('/leads/:id', cached, (req, res) => void res.send(req.params['id']));
    app.param('found', (req, _res, next, id: string) => {
      Reflect.set(req.params, 'found', { id, tenant: isB(req) ? 'b' : 'a' });
      next();
    });
    app.get('/found/:found', cached, (req, res) => void res.json(req.params['found']));
    const { ask } = await serve(app);
    for (const _again of [1, 2]) {
      expect((await ask('/leads/1')).text).toBe('1 of a');
      expect((await ask('/leads/1', asB)).text).toBe('1 of b');
      expect((await ask('/found/1')).text).toBe('{"id":"1","tenant":"a"}');
      expect((await ask('/found/1', asB)).text).toBe('{"id":"1","tenant":"b"}');
    }
    expect((await ask('/leads/1', asB)).cache).toContain('hit');
    expect((await ask('/found/1', asB)).cache).toContain('hit');
  });

  it('has the same name in all processes of one program', async () => {
    const store = memoryStore();
    const program = async () => {
      const cached = cacheResponse({ cache: createCache({ types: {}, store, logger: false }), ttl: '5m' });
      const app = express();
      const sub = express();
      const router = express.Router();
      for (const target of [sub, router]) target.get('/data', cached, says('x'));
      app.use('/sub', sub);
      app.use('/router', router);
      app.use('/used', cached, says('x'));
      return (await serve(app)).ask;
    };
    const headers = { host: 'one.example' };
    const [first, second] = [await program(), await program()];
    for (const path of ['/sub/data', '/router/data', '/used']) {
      expect((await first(path, { headers })).cache).toContain('stored');
      expect((await second(path, { headers })).cache).toContain('hit');
    }
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['an object', {}],
    ['not a number', Number.NaN],
    ['a promise', Promise.resolve('a')],
  ])('is not cached where `scope` returns %s', async (_what, value) => {
    const { cached, warnings } = make({ scope: () => value as string });
    const app = express();
    app.get('/', cached, says('x'));
    const { ask } = await serve(app);
    for (const _again of [1, 2]) expect(await ask('/')).toMatchObject({ text: 'x', cache: 'fwd=bypass; detail=route' });
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('`scope`');
  });

  it('is left to its handler where `scope` throws', async () => {
    const { cached, warnings } = make({
      scope: () => {
        throw new Error('no tenant');
      },
    });
    const app = express();
    app.get('/', cached, says('x'));
    const { ask } = await serve(app);
    expect(await ask('/')).toMatchObject({ text: 'x', cache: 'fwd=bypass; detail=uncacheable' });
    expect(warnings()).toHaveLength(1);
  });
});
