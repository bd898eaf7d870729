import { type Cache, createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
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
      const shared = { addType: cache.addType.bind(cache), enabled: true, logger: cache.logger } as unknown as Cache;
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
    expect(() => cached({ scope: '' })).toThrow(/scope must be a name/);
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
});
