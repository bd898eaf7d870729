import { type Cache, createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** What a response depended on, and its key did not. */
describe.each(VERSIONS)('a response that another request got, on %s', (_name, express) => {
  const newCache = () => createCache({ types: {}, logger: false });
  const cached = (more: Partial<CacheResponseOptions> = {}) => cacheResponse({ cache: newCache(), ttl: '5m', ...more });
  const hit = expect.stringContaining('hit') as string;
  /** Lets requests with this header into a route, and takes others to the next one. */
  const only =
    (header: string): RequestHandler =>
    (req, _res, next) =>
      req.headers[header] ? next() : next('route');

  describe.each<[string, (cache: Cache) => () => RequestHandler]>([
    ['two caches of routes', (cache) => () => cached({ cache })],
    [
      'one cache of routes',
      (cache) => {
        const one = cached({ cache });
        return () => one;
      },
    ],
  ])('of %s', (_of, make) => {
    it('was that of another route of the same URL', async () => {
      const next = make(newCache());
      const app = express();
      const router = express.Router();
      router.get('/data', only('x-admin'), next(), (_req, res) => res.send('for admins'));
      app.use('/a', router);
      router.get('/data', next(), (_req, res) => res.send('for all'));
      const { ask } = await serve(app);
      const admin = { headers: { 'x-admin': '1' } };
      expect((await ask('/a/data', admin)).text).toBe('for admins');
      expect((await ask('/a/data')).text).toBe('for all');
      expect(await ask('/a/data', admin)).toMatchObject({ text: 'for admins', cache: hit });
      expect(await ask('/a/data')).toMatchObject({ text: 'for all', cache: hit });
    });
  });

  it('was that of another app of the same URL', async () => {
    const cache = newCache();
    const app = express();
    for (const name of ['admins', 'all']) {
      const inner = express();
      inner.get('/data', cached({ cache }), (_req, res) => res.send(`for ${name}`));
      app.use((req, res, next) => (name === 'all' || req.headers['x-admin'] ? inner(req, res, next) : next()));
    }
    const { ask } = await serve(app);
    expect((await ask('/data', { headers: { 'x-admin': '1' } })).text).toBe('for admins');
    expect((await ask('/data')).text).toBe('for all');
    expect((await ask('/data')).cache).toContain('hit');
  });

  it('is found again by another program: by the order of its routes, or in any order by `scope`', async () => {
    const cache = newCache();
    const program = async (routes: readonly [string, string | undefined][]) => {
      const shared = {
        addType: cache.addType.bind(cache),
        invalidateTags: cache.invalidateTags.bind(cache),
        stats: cache.stats.bind(cache),
        enabled: true,
        logger: cache.logger,
      } as unknown as Cache;
      const app = express();
      for (const [path, scope] of routes) app.get(path, cached({ cache: shared, scope }), (_req, res) => res.send('x'));
      return (await serve(app)).ask;
    };
    const headers = { host: 'one.example' };
    const first = await program([
      ['/plain', undefined],
      ['/named', 'n'],
    ]);
    for (const path of ['/plain', '/named']) expect((await first(path, { headers })).cache).toContain('stored');
    const same = await program([
      ['/plain', undefined],
      ['/named', 'n'],
    ]);
    for (const path of ['/plain', '/named']) expect((await same(path, { headers })).cache).toContain('hit');
    const other = await program([
      ['/named', 'n'],
      ['/new', undefined],
      ['/plain', undefined],
    ]);
    expect((await other('/named', { headers })).cache).toContain('hit');
    expect((await other('/plain', { headers })).cache).toContain('stored');
    expect(() => cached({ scope: '' })).toThrow(/scope must be/);
  });

  it('was made for another URL that middleware had put in its place', async () => {
    const app = express();
    app.use((req, _res, next) => {
      const tenant = req.get('x-tenant');
      if (tenant) req.url = `/t/${tenant}${req.url}`;
      next();
    });
    const router = express.Router({ mergeParams: true });
    router.get('/data', cached(), (req, res) => res.send(`of ${(req.params as { tenant?: string }).tenant}`));
    app.use('/t/:tenant', router);
    const { ask } = await serve(app);
    const of = (tenant: string) => ask('/data?a=1', { headers: { 'x-tenant': tenant } });
    expect((await of('ada')).text).toBe('of ada');
    expect((await of('bob')).text).toBe('of bob');
    expect(await of('ada')).toMatchObject({ text: 'of ada', cache: hit });
  });

  it('was made of a header that middleware before had named in `Vary`', async () => {
    const app = express();
    app.use((req, res, next) => {
      res.locals['language'] = req.get('accept-language');
      res.set('Vary', String(req.query['vary']));
      next();
    });
    const speak: RequestHandler = (_req, res) => res.send(`in ${res.locals['language']}`);
    app.get('/plain', cached(), speak);
    app.get('/keyed', cached({ vary: ['accept-language'] }), speak);
    const { ask } = await serve(app);
    const get = (path: string, language: string) => ask(path, { headers: { 'accept-language': language } });
    for (const path of ['/plain?vary=Accept-Language', '/plain?vary=*', '/keyed?vary=Accept-Language,x']) {
      expect((await get(path, 'fr')).cache).toContain('detail=vary');
      expect(await get(path, 'en')).toMatchObject({ text: 'in en' });
    }
    for (const path of ['/plain?vary=Origin,Accept-Encoding', '/keyed?vary=accept-language']) {
      await get(path, 'en');
      expect(await get(path, 'en')).toMatchObject({ text: 'in en', cache: hit });
    }
    expect((await get('/keyed?vary=accept-language', 'fr')).text).toBe('in fr');
  });

  it('had lost what middleware before had said of its body, and got that of the next request', async () => {
    const app = express();
    app.use((req, res, next) => {
      res.type(String(req.get('x-type')));
      res.set({ 'Content-Language': String(req.get('x-type')), 'X-Number': String(req.get('x-type')) });
      next();
    });
    app.get('/', cached(), (_req, res) => res.end('{"name":"<script>"}'));
    const { ask } = await serve(app);
    await ask('/', { headers: { 'x-type': 'json' } });
    const { headers, cache } = await ask('/', { headers: { 'x-type': 'html' } });
    expect(cache).toContain('hit');
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(headers['content-language']).toBe('json');
    expect(headers['x-number']).toBe('html');
  });

  it('came from a cache behind, which was not told what it depends on', async () => {
    const app = express();
    const user = (req: import('express').Request) => req.get('authorization');
    app.get('/plain', cached({ clientTtl: '5m' }), (_req, res) => res.send('x'));
    app.get('/shared', cached({ clientTtl: '5m', shared: true, vary: ['x-a', 'x-b'] }), (_req, res) => res.send('x'));
    app.get('/own', cached({ clientTtl: '5m', identity: user, secret: 's' }), (_req, res) => res.send('x'));
    app.get('/no-ttl', cached({ vary: ['x-a'] }), (_req, res) => res.send('x'));
    app.get('/handler', cached({ vary: ['x-a'] }), (_req, res) => res.set('Cache-Control', 'max-age=9').send('x'));
    const { ask } = await serve(app);
    for (const [path, vary] of [
      ['/plain', 'Authorization, Cookie'],
      ['/own', 'Authorization, Cookie'],
      ['/shared', 'x-a, x-b'],
      ['/no-ttl', 'x-a'],
      ['/handler', 'x-a'],
    ] as const) {
      for (const again of [1, 2])
        expect((await ask(path)).headers.vary?.toLowerCase(), `${path} ${again}`).toBe(vary.toLowerCase());
      expect((await ask(path)).cache).toContain('hit');
    }
  });

  it('was one that its handler had marked with `Pragma: no-cache` alone', async () => {
    const app = express();
    app.get('/alone', cached(), (_req, res) => res.set('Pragma', 'no-cache').send('x'));
    app.get('/both', cached(), (_req, res) => res.set({ Pragma: 'no-cache', 'Cache-Control': 'max-age=9' }).send('x'));
    const { ask } = await serve(app);
    expect((await ask('/alone')).cache).toContain('detail=cache-control');
    expect((await ask('/both')).cache).toContain('stored');
  });

  it('was made of the query as middleware had changed it', async () => {
    const Query = z.object({ tenant: z.string(), page: z.coerce.number() });
    const app = express();
    app.use((req, _res, next) => {
      const { evil: _evil, ...clean } = req.query;
      const value = { ...clean, page: Number(clean['page']), tenant: req.get('x-tenant') };
      Object.defineProperty(req, 'query', { value, writable: true, configurable: true, enumerable: true });
      next();
    });
    app.get('/whole', cached(), (req, res) => res.json([req.query, req.url, req.originalUrl]));
    app.get('/allow', cached({ query: ['page', 'tenant'] }), (req, res) => res.json([req.query, req.url]));
    app.get('/schema', cached({ query: Query }), (req, res) => res.json([req.query, req.url]));
    const { ask } = await serve(app);
    for (const [path, query, urls] of [
      ['/whole', { a: '1' }, ['/whole', '/whole']],
      ['/allow', {}, ['/allow']],
      ['/schema', {}, ['/schema']],
    ] as const) {
      for (const tenant of ['t1', 't2', 't1']) {
        const { text } = await ask(`${path}?evil=1&a=1&page=2`, { headers: { 'x-tenant': tenant } });
        const [shown, ...shownUrls] = JSON.parse(text) as [object, ...string[]];
        expect(shown, path).toEqual({ ...query, page: 2, tenant });
        expect(shownUrls, path).toEqual(urls);
      }
      const { cache } = await ask(`${path}?evil=2&a=1&page=2`, { headers: { 'x-tenant': 't1' } });
      expect(cache, path).toContain('hit');
    }
  });

  it('was made of another spelling of one Unicode text', async () => {
    const app = express();
    const found = { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) } } as const;
    app.get('/', cached({ query: found }), (req, res) => res.send(String(String(req.query['q']).length)));
    const { ask } = await serve(app);
    expect((await ask('/?q=cafe%CC%81')).text).toBe('5');
    expect((await ask('/?q=caf%C3%A9')).text).toBe('4');
    expect(await ask('/?q=cafe%CC%81')).toMatchObject({ text: '5', cache: hit });
  });

  it('was made of the order of a Set, of a Map, or of properties', async () => {
    const app = express();
    for (const [name, make] of Object.entries({
      set: (q: string[]) => ({ q: new Set(q) }),
      map: (q: string[]) => ({ q: new Map(q.map((item) => [item, item])) }),
      object: (q: string[]) => ({ q: Object.fromEntries(q.map((item) => [item, item])) }),
    })) {
      const query = z.object({ q: z.array(z.string()) }).transform(({ q }) => make(q));
      app.get(`/${name}`, cached({ query }), (req, res) => {
        const q = req.query['q'] as object;
        res.json([...(q instanceof Map || q instanceof Set || Array.isArray(q) ? q.values() : Object.keys(q))]);
      });
    }
    const { ask } = await serve(app);
    for (const name of ['set', 'map', 'object']) {
      expect((await ask(`/${name}?q=a&q=b`)).text, name).toBe('["a","b"]');
      expect((await ask(`/${name}?q=b&q=a`)).text, name).toBe('["b","a"]');
    }
    expect((await ask('/set?q=a&q=b')).cache).toBe('fwd=bypass; detail=uncacheable');
    expect((await ask('/object?q=a&q=b')).cache).toContain('hit');
  });

  it('was made of the letter case of Host, or of a header for proxies where none is trusted', async () => {
    const app = express();
    app.get('/', cached(), (req, res) =>
      res.send([req.headers, req.hostname, req.protocol].map((v) => JSON.stringify(v)).join()),
    );
    const { ask } = await serve(app);
    const { text } = await ask('/', {
      headers: { host: 'ONE.Example:81', 'x-forwarded-proto': 'zzz', 'x-forwarded-host': 'evil.example' },
    });
    expect(text).toBe('{"host":"one.example:81"},"one.example","http"');
    expect((await ask('/', { headers: { host: 'one.example:81' } })).cache).toContain('hit');
  });

  it('shows its handler the trusted word of a proxy, and not how it came', async () => {
    const app = express();
    app.set('trust proxy', true);
    app.get('/', cached(), (req, res) => res.json([req.headers, req.hostname, req.protocol]));
    const { ask } = await serve(app);
    const from = (headers: Record<string, string>) => ask('/', { headers: { host: 'a.example', ...headers } });
    expect((await from({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'B.example' })).text).toBe(
      '[{"host":"a.example","x-forwarded-proto":"https","x-forwarded-host":"b.example"},"b.example","https"]',
    );
    expect((await from({ 'x-forwarded-proto': 'http', 'x-forwarded-host': 'a.example' })).text).toBe(
      '[{"host":"a.example"},"a.example","http"]',
    );
    expect((await from({})).cache).toContain('hit');
  });

  it('was that of a POST which middleware had made a GET', async () => {
    const app = express();
    app.use((req, _res, next) => {
      Object.assign(req, { originalMethod: req.method });
      if (req.query['_method']) req.method = String(req.query['_method']);
      next();
    });
    app.all('/', cached({ query: [] }), (req, res) => res.send((req as { originalMethod?: string }).originalMethod));
    const { ask } = await serve(app);
    expect(await ask('/?_method=GET', { method: 'POST' })).toMatchObject({ text: 'POST', cache: 'fwd=method' });
    expect((await ask('/')).text).toBe('GET');
    expect((await ask('/')).cache).toContain('hit');
  });

  it('lost its way: a router saw the whole path after a first write', async () => {
    const app = express();
    const router = express.Router();
    router.get('/y', (req, res, next) => {
      res.write(`${req.baseUrl} ${req.url};`);
      next();
    });
    router.get('/y', (req, res) => res.end(`${req.baseUrl} ${req.url}`));
    app.use(cached({ query: ['a'] }));
    app.use('/r', router);
    const { ask } = await serve(app);
    expect((await ask('/r/y?a=1&b=2')).text).toBe('/r /y?a=1;/r /y?a=1');
  });
});
