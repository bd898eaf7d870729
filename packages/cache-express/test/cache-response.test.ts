import { createCache, createCacheManager } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../src/index.ts';
import { serve, VERSIONS } from './support/serve.ts';

const newCache = () => createCache({ types: {}, logger: false });

describe.each(VERSIONS)('cacheResponse on %s', (_name, express) => {
  const options = (more: Partial<CacheResponseOptions> = {}): CacheResponseOptions => ({
    cache: newCache(),
    ttl: '5m',
    ...more,
  });

  it('answers the second request with the response of the first', async () => {
    let runs = 0;
    const app = express();
    app.get('/leads', cacheResponse(options()), (req, res) => {
      res.status(200).set('X-Kind', 'list').json({ run: ++runs, q: req.query['q'] });
    });
    const { ask } = await serve(app);
    const first = await ask('/leads?q=acme');
    const second = await ask('/leads?q=acme');
    expect(first.cache).toBe('fwd=uri-miss; fwd-status=200; stored');
    expect(second.cache).toMatch(/^hit; ttl=\d+$/);
    expect(second.text).toBe('{"run":1,"q":"acme"}');
    expect(second.status).toBe(200);
    for (const name of ['content-type', 'content-length', 'etag', 'x-kind', 'cache-control'])
      expect(second.headers[name], name).toBe(first.headers[name]);
    expect(second.headers.age).toBe('0');
    expect(first.headers.age).toBeUndefined();
    expect((await ask('/leads?q=other')).text).toBe('{"run":2,"q":"other"}');
  });

  it('belongs to a type of a manager: invalidateSearchCache drops it', async () => {
    let runs = 0;
    const cache = createCacheManager({ logger: false, env: {} });
    const app = express();
    const search = cacheResponse({ cache, type: 'search', ttl: '5m', query: ['q', 'page'], shared: true });
    app.get('/leads/search', search, (_req, res) => res.json({ run: ++runs }));
    const { ask } = await serve(app);
    await ask('/leads/search?q=a');
    expect((await ask('/leads/search?q=a')).text).toBe('{"run":1}');
    await cache.invalidateSearchCache();
    expect((await ask('/leads/search?q=a')).text).toBe('{"run":2}');
  });
});
