import { CacheConfigError, createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { cacheResponse, healthRoute } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

describe('durations without bounds', () => {
  const cache = createCache({ types: {}, logger: false });

  it.each([
    ['timeout', '25d', 'timeout must be at most "1h"; got "25d"'],
    ['timeout', '61m', 'timeout must be at most "1h"'],
    ['hitForMiss', '25d', 'hitForMiss must be at most "1d"'],
    ['clientTtl', '400d', 'clientTtl must be at most "366d"'],
    ['ttl', '40000d', 'ttl must be at most "36500d"'],
    ['negativeTtl', '40000d', 'negativeTtl must be at most "36500d"'],
    ['grace', '40000d', 'grace must be at most "36500d"'],
    ['maxBodyBytes', 1e12, 'maxBodyBytes must be at most 500000000'],
    ...['ttl', 'negativeTtl', 'grace', 'clientTtl', 'timeout', 'hitForMiss', 'maxVariants', 'maxBodyBytes'].flatMap(
      (name) => [Number.NaN, -1, Number.POSITIVE_INFINITY, null].map((value) => [name, value, `${name} must be`]),
    ),
  ])('%s: %s of cacheResponse', (name, value, problem) => {
    const make = () => cacheResponse({ cache, ttl: '1m', [name as string]: value });
    expect(make).toThrow(CacheConfigError);
    expect(make).toThrow(problem as string);
  });

  it.each([
    ['deadline', '25d'],
    ['remember', '25d'],
    ['deadline', Number.NaN],
    ['remember', Number.NaN],
    ['failAfter', Number.NaN],
  ])('%s: %s of healthRoute', (name, value) => {
    expect(() => healthRoute(cache, { [name]: value })).toThrow(CacheConfigError);
  });

  it.each(VERSIONS)('a handler that allows a response for ever, on %s', async (_name, express) => {
    const app = express();
    app.get('/', cacheResponse({ cache, shared: true }), (_req, res) =>
      res.set('Cache-Control', 'max-age=99999999999999').send('x'),
    );
    const { ask } = await serve(app);
    expect((await ask('/')).cache).toContain('stored');
    expect((await ask('/')).cache).toContain('hit');
  });
});
