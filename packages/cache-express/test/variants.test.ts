import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../src/index.ts';
import { Variants } from '../src/variants.ts';
import { serve, VERSIONS } from './support/serve.ts';

describe.each(VERSIONS)('variants of a URL on %s', (_name, express) => {
  async function open(more: Partial<CacheResponseOptions>) {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    app.get('/:id', cacheResponse({ cache, ttl: '5m', vary: ['x-variant'], ...more }), (req, res) =>
      res.send(`of ${req.get('x-variant')}`),
    );
    const { ask } = await serve(app);
    const variant = (name: string, path = '/a', more: Readonly<Record<string, string>> = {}) =>
      ask(path, { headers: { 'x-variant': name, ...more } });
    return { cache, variant };
  }

  it('fill no store: of 100 variants as many are stored as `maxVariants` says, and each gets its own answer', async () => {
    const { cache, variant } = await open({ maxVariants: 3 });
    for (let number = 0; number < 100; number++) {
      const { text, cache: said } = await variant(String(number));
      expect(text).toBe(`of ${number}`);
      expect(said).toBe(number < 3 ? 'fwd=miss; fwd-status=200; stored' : 'fwd=bypass; detail=variants');
    }
    expect(cache.stats()).toMatchObject({ http: { stored: 3 } });
    expect((await variant('2')).cache).toMatch(/^hit/);
  });

  it('are also bounded when they come at once', async () => {
    const { cache, variant } = await open({ maxVariants: 3 });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, number) => variant(String(number))));
    expect(answers.map(({ text }) => text)).toEqual(answers.map((_, number) => `of ${number}`));
    expect(cache.stats()).toMatchObject({ http: { stored: 3 } });
  });

  it('are counted for each URL, and for each user', async () => {
    const { variant } = await open({ maxVariants: 1, identity: (req) => req.get('authorization'), secret: 's' });
    for (const path of ['/a', '/b']) {
      for (const authorization of ['ada', 'bob'])
        expect((await variant('1', path, { authorization })).cache).toMatch(/stored$/);
    }
    expect((await variant('2', '/a', { authorization: 'ada' })).cache).toBe('fwd=bypass; detail=variants');
  });

  it('are 32 by default', async () => {
    const { cache, variant } = await open({});
    for (let number = 0; number < 40; number++) await variant(String(number));
    expect(cache.stats()).toMatchObject({ http: { stored: 32 } });
    expect(() => cacheResponse({ cache, maxVariants: 0 })).toThrow(/maxVariants must be a whole number above 0/);
  });
});

describe('the count of variants', () => {
  it('forgets those that are over, and none that is not', async () => {
    const clock = new FakeClock();
    const variants = new Variants(clock, 2);
    expect(variants.admit('/', 'a', 10)).toBe(true);
    expect(variants.admit('/', 'b', 10)).toBe(true);
    variants.keep('/', 'b', 1_000);
    expect(variants.admit('/', 'c', 10)).toBe(false);
    await clock.advance(10);
    expect(variants.admit('/', 'c', 10)).toBe(true);
    expect(variants.admit('/', 'd', 10)).toBe(false);
    expect(variants.admit('/', 'b', 10)).toBe(true); // known
  });
});
