import { createCache, createCacheManager, memoryStore } from '@huntly/cache-core';
import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../src/index.ts';
import { serve, VERSIONS } from './support/serve.ts';

/** What docs/http.md shows, as it shows it. */
describe.each(VERSIONS)('the examples of the documentation, on %s', (_name, express) => {
  it('a PATCH through the same middleware drops the lead; a tag drops it and the lists that show it', async () => {
    let runs = 0;
    const app = express();
    const cache = createCacheManager({ logger: false, env: {} });
    const lead = cacheResponse({ cache, ttl: '5m', tags: (req) => [`lead:${req.params['id']}`] });
    const list = cacheResponse({ cache, ttl: '5m', query: ['q'], shared: true });
    app
      .route('/leads/:id')
      .all(lead)
      .get((req, res) => void res.json({ id: req.params['id'], run: ++runs }))
      .patch((_req, res) => void res.sendStatus(204));
    app.put('/leads/:id', lead, (_req, res) => void res.sendStatus(204));
    app.get('/leads', list, (_req, res) => {
      res.set('Surrogate-Key', [42, 7].map((id) => `lead:${id}`).join(' '));
      res.json({ run: ++runs });
    });
    const { ask } = await serve(app);
    const first = await ask('/leads?q=acme');
    expect(first.text).toBe('{"run":1}');
    expect(first.headers['surrogate-key']).toBeUndefined();
    expect((await ask('/leads/42')).text).toBe('{"id":"42","run":2}');
    expect((await ask('/leads/42')).cache).toMatch(/^hit/);

    for (const [method, run] of [
      ['PATCH', 3],
      ['PUT', 4],
    ] as const) {
      expect((await ask('/leads/42', { method })).status).toBe(204);
      expect((await ask('/leads/42')).text).toBe(`{"id":"42","run":${run}}`);
    }
    expect((await ask('/leads?q=acme')).cache).toMatch(/^hit/);

    expect(await cache.invalidateTags(['lead:42'])).toEqual({ applied: true, removed: 0 });
    expect((await ask('/leads/42')).text).toBe('{"id":"42","run":5}');
    expect((await ask('/leads?q=acme')).text).toBe('{"run":6}');
    await cache.invalidateLeadCache(7);
    expect((await ask('/leads?q=acme')).text).toBe('{"run":7}');
  });

  it('128 tags are stored, and 129 are not', async () => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    app.get(
      '/:count',
      cacheResponse({
        cache,
        ttl: '5m',
        tags: (_req, res) => (res.locals as { tags: string[] }).tags,
      }),
      (req, res) => {
        res.locals['tags'] = Array.from({ length: Number(req.params['count']) }, (_, id) => `lead:${id}`);
        res.send('ok');
      },
    );
    const { ask } = await serve(app);
    expect((await ask('/128')).cache).toMatch(/stored$/);
    expect((await ask('/129')).cache).toMatch(/detail=tags$/);
  });

  it('identity: a user has his own, those without credentials share one, credentials of nobody are left alone', async () => {
    let runs = 0;
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    app.use((req: Request & { user?: { id: string } }, _res, next) => {
      const token = req.get('authorization');
      if (token?.startsWith('user-')) req.user = { id: token.slice(5) };
      next();
    });
    const mine = cacheResponse({
      cache,
      ttl: '1m',
      identity: (req: Request & { user?: { id: string } }) => req.user?.id,
      secret: 'a secret of more than 16',
    });
    app.get('/', mine, (_req, res) => void res.send(`run ${++runs}`));
    const { ask } = await serve(app);
    const as = (authorization?: string) => ask('/', authorization === undefined ? {} : { headers: { authorization } });
    const ann = await as('user-ann');
    expect(ann).toMatchObject({ text: 'run 1', headers: { 'cache-control': 'private, no-cache' } });
    expect((await as('user-bob')).text).toBe('run 2');
    expect((await as('user-ann')).text).toBe('run 1');
    expect((await as()).text).toBe('run 3');
    expect((await as()).text).toBe('run 3');
    expect(await as('expired')).toMatchObject({ text: 'run 4', cache: 'fwd=bypass; detail=identity' });
  });

  it('services with a namespace each share nothing on one store', async () => {
    const store = memoryStore();
    const app = express();
    const answerOf = (namespace: string) => {
      const cache = createCache({ types: {}, namespace, store, logger: false });
      const service = express();
      service.get('/', cacheResponse({ cache, ttl: '5m' }), (_req, res) => void res.send(namespace));
      return service;
    };
    const services: Record<string, ReturnType<typeof answerOf>> = { shop: answerOf('shop'), crm: answerOf('crm') };
    app.use((req, res, next) => void services[req.get('x-service') ?? '']?.(req, res, next));
    const { ask } = await serve(app);
    for (const name of ['shop', 'crm', 'shop'])
      expect((await ask('/', { headers: { 'x-service': name } })).text).toBe(name);
  });
});
