import { createCache } from '@huntly/cache-core';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

const [[, express4], [, express5]] = VERSIONS;

/** An error handler in a router of another copy of Express than that of its app saw the narrowed request. */
describe.each([
  ['a router of Express 5 in an app of Express 4', express4, express5],
  ['a router of Express 4 in an app of Express 5', express5, express4],
])('%s', (_name, outer, inner) => {
  const cached = () =>
    cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '5m', shared: true, query: ['a'] });
  const fails: RequestHandler = () => {
    throw new Error('no');
  };
  const says: ErrorRequestHandler = (_error, req, res, _next) => void res.json([req.url, req.get('authorization')]);

  it.each<[string, (router: ReturnType<typeof outer.Router>) => unknown]>([
    ['of the route', (router) => router.get('/x', cached(), fails, says)],
    ['of the router', (router) => router.get('/x', cached(), fails).use(says)],
    ['of the router, where the cache was mounted by use', (router) => router.use(cached(), fails).use(says)],
    ['of a router inside', (router) => router.use(cached(), inner.Router().use(fails).use(says))],
  ])('an error handler %s sees the request of its client', async (_where, build) => {
    const router = inner.Router();
    build(router);
    const app = outer();
    app.use(router);
    const { ask } = await serve(app);
    for (const _ of [1, 2])
      expect((await ask('/x?a=1&b=2', { headers: { authorization: 'me' } })).text).toBe('["/x?a=1&b=2","me"]');
  });
});
