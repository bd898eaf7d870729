import { AsyncLocalStorage } from 'node:async_hooks';
import { createCache } from '@huntly/cache-core';
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** The request that its handler passed on was still the one that the key covers. */
describe.each(VERSIONS)('what follows saw a narrowed request, on %s', (name, express) => {
  const cached = (more: Partial<CacheResponseOptions> = {}) =>
    cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '5m', shared: true, ...more });
  const errors: ErrorRequestHandler = (error: Error, req, res, _next) => {
    res.status(500);
    if (req.accepts(['html', 'json']) === 'json') res.json({ error: error.message, query: req.query, url: req.url });
    else res.send('<h1>error</h1>');
  };
  const headers = { accept: 'application/json', authorization: 'me' };
  const failing: [string, RequestHandler][] = [
    ['next(error)', (_req, _res, next) => (next as (error: unknown) => void)(new Error('no'))],
    [
      'an error that is thrown',
      () => {
        throw new Error('no');
      },
    ],
    ['next(error), later', (_req, _res, next) => void setImmediate(() => next(new Error('no')))],
  ];
  if (name === 'Express 5') failing.push(['a promise that is rejected', async () => Promise.reject(new Error('no'))]);
  const whole = { error: 'no', query: { a: '1', b: '2' }, url: '/x?a=1&b=2' };

  describe.each(failing)('%s', (_how, handler) => {
    it('an error handler of the app', async () => {
      const app = express();
      app.get('/x', cached({ query: ['a'] }), handler);
      app.use(errors);
      const { ask } = await serve(app);
      for (const _ of [1, 2]) expect(JSON.parse((await ask('/x?a=1&b=2', { headers })).text)).toEqual(whole);
    });

    it('an error handler of the route', async () => {
      const app = express();
      app.get('/x', cached({ query: ['a'] }), handler, errors);
      const { ask } = await serve(app);
      for (const _ of [1, 2]) expect(JSON.parse((await ask('/x?a=1&b=2', { headers })).text)).toEqual(whole);
    });

    it('an error handler of a router, of an app around, and after another error handler', async () => {
      const inner = express.Router();
      inner.get('/x', cached({ query: ['a'] }), handler);
      inner.use(((error, _req, _res, next) => next(error)) as ErrorRequestHandler);
      const mounted = express();
      mounted.use(inner);
      const app = express();
      app.use('/api', mounted);
      app.use(errors);
      const { ask } = await serve(app);
      for (const _ of [1, 2]) {
        const answer = JSON.parse((await ask('/api/x?a=1&b=2', { headers })).text) as object;
        expect(answer).toEqual({ ...whole, url: '/api/x?a=1&b=2' });
      }
    });

    it('an error handler, where the cache was mounted by use', async () => {
      const app = express();
      app.use(cached({ query: ['a'] }));
      const router = express.Router();
      router.get('/x', handler);
      app.use(router);
      app.use(errors);
      const { ask } = await serve(app);
      for (const _ of [1, 2]) expect(JSON.parse((await ask('/x?a=1&b=2', { headers })).text)).toEqual(whole);
    });
  });

  const mine: RequestHandler = (req, res) =>
    req.get('authorization') ? void res.json([req.query, req.url, req.headers['accept']]) : void res.sendStatus(401);
  const all = [{ a: '1', b: '2' }, '/x?a=1&b=2', 'application/json'];

  it.each<[string, (next: NextFunction) => void]>([
    ['next()', (next) => next()],
    ['next(), later', (next) => void setImmediate(next)],
    ['next("route")', (next) => next('route')],
  ])('%s: a later route', async (_how, pass) => {
    const app = express();
    app.get('/x', cached({ query: ['a'] }), (_req, _res, next) => pass(next));
    app.get('/x', mine);
    const { ask } = await serve(app);
    for (const _ of [1, 2]) {
      const answer = await ask('/x?a=1&b=2', { headers });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toEqual(all);
      expect(answer.cache).not.toContain('stored');
    }
    expect((await ask('/x?a=1')).status).toBe(401);
  });

  it.each<[string, (next: NextFunction) => void]>([
    ['next("router")', (next) => next('router')],
    ['next() of the last handler of a router', (next) => next()],
  ])('%s: a later route outside', async (_how, pass) => {
    const router = express.Router();
    router.get('/x', cached({ query: ['a'] }), (_req, _res, next) => pass(next));
    const app = express();
    app.use(router);
    app.get('/x', mine);
    const { ask } = await serve(app);
    for (const _ of [1, 2]) expect(JSON.parse((await ask('/x?a=1&b=2', { headers })).text)).toEqual(all);
  });

  it('a later route, where the cache was mounted by use in a router', async () => {
    const router = express.Router();
    router.use(cached({ query: ['a'] }));
    const inner = express.Router();
    router.use('/x', inner);
    router.use((_req, _res, next) => next());
    const app = express();
    app.use(router);
    app.get('/x', mine);
    const { ask } = await serve(app);
    for (const _ of [1, 2]) expect(JSON.parse((await ask('/x?a=1&b=2', { headers })).text)).toEqual(all);
  });

  it('further handlers of the route, and routers in it, still see what the key covers', async () => {
    const app = express();
    const seen: unknown[] = [];
    const look = (req: Request) => seen.push([req.get('authorization'), req.query, req.params['id']]);
    const inner = express.Router({ mergeParams: true });
    inner.use((req: Request, _res: Response, next: NextFunction) => {
      look(req);
      next();
    });
    inner.get('/nowhere', mine);
    app.get(
      '/x/:id',
      cached({ query: ['a'] }),
      (req: Request, _res: Response, next: NextFunction) => {
        look(req);
        next();
      },
      inner,
      [
        (req: Request, _res: Response, next: NextFunction) => {
          look(req);
          setImmediate(next);
        },
      ],
      (req: Request, res: Response) => {
        look(req);
        res.send('done');
      },
    );
    const { ask } = await serve(app);
    expect((await ask('/x/7?a=1&b=2', { headers })).cache).toContain('stored');
    expect(seen).toEqual(Array(4).fill([undefined, { a: '1' }, '7']));
    expect((await ask('/x/7?a=1&b=3', { headers })).cache).toContain('hit');
  });

  it('handlers behind one that was mounted by use still see what the key covers', async () => {
    const app = express();
    app.use(cached({ query: ['a'] }));
    app.use((_req, _res, next) => next());
    const router = express.Router();
    router.use('/deep', (_req, _res, next) => next());
    const deep = express();
    deep.get('/x', (req, res) => res.json([req.get('authorization') ?? null, req.query]));
    router.use('/deep', deep);
    app.use('/other', router);
    app.use(router);
    const { ask } = await serve(app);
    expect(await ask('/deep/x?a=1&b=2', { headers })).toMatchObject({ text: '[null,{"a":"1"}]' });
    expect((await ask('/deep/x?a=1&b=3')).cache).toContain('hit');
  });

  it('a later route with a cache of its own keeps its responses', async () => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    let runs = 0;
    app.get('/x', cached({ cache, query: ['v'] }), (req, res, next) =>
      req.query['v'] === '2' ? next('route') : void res.send('first'),
    );
    app.get('/x', cached({ cache, query: ['v', 'w'] }), (req, res) => res.send(`second ${++runs} ${req.query['w']}`));
    const { ask } = await serve(app);
    expect((await ask('/x?v=1&w=1')).text).toBe('first');
    expect(await ask('/x?v=2&w=1')).toMatchObject({ text: 'second 1 1' });
    expect(await ask('/x?v=2&w=2')).toMatchObject({ text: 'second 2 2' });
    expect(await ask('/x?v=2&w=1')).toMatchObject({
      text: 'second 1 1',
      cache: expect.stringContaining('hit') as string,
    });
    expect(await ask('/x?v=1&w=9')).toMatchObject({ text: 'first', cache: expect.stringContaining('hit') as string });
  });

  it('whatever waits on the way out sees the request of its client', async () => {
    const user = new AsyncLocalStorage<string>();
    const app = express();
    app.use((_req, _res, next) => user.run('alice', next));
    app.get('/x', cached(), (_req, _res, next) => next(new Error('no')));
    app.use(((_error, req, res, _next) => {
      res.status(503).json([user.getStore(), req.get('authorization')]);
    }) as ErrorRequestHandler);
    const { ask } = await serve(app);
    expect((await ask('/x', { headers })).text).toBe('["alice","me"]');
  });

  it('a handler that calls next after its answer harms nothing', async () => {
    const app = express();
    app.get('/x', cached(), (_req, res, next) => {
      res.send('done');
      next();
    });
    app.use((_req, res) => void (res.headersSent || res.send('late')));
    const { ask } = await serve(app);
    expect((await ask('/x')).cache).toContain('stored');
    expect(await ask('/x')).toMatchObject({ text: 'done', cache: expect.stringContaining('hit') as string });
  });

  it('what goes on with an answer that had begun is not stored', async () => {
    const app = express();
    app.get('/x', cached(), (_req, res, next) => {
      res.write('begun by all, ');
      next();
    });
    app.get('/x', (req, res) => void res.end(`ended for ${req.get('authorization')}`));
    const { ask } = await serve(app);
    expect((await ask('/x', { headers })).text).toBe('begun by all, ended for me');
    expect((await ask('/x', { headers: { authorization: 'you' } })).text).toBe('begun by all, ended for you');
  });

  it('the request has no traces of it afterwards', async () => {
    const app = express();
    const traces: unknown[] = [];
    app.use((req, res, next) => {
      res.on('finish', () => {
        for (const key of ['params', 'baseUrl', 'next'])
          traces.push(Object.getOwnPropertyDescriptor(req, key)?.get ?? 'plain');
      });
      next();
    });
    app.get('/x', cached(), (_req, res) => res.send('x'));
    const { ask } = await serve(app);
    await ask('/x');
    expect(traces).toEqual(['plain', 'plain', 'plain']);
  });
});
