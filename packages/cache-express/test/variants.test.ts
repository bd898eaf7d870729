import { type CacheHealth, createCache } from '@huntly/cache-core';
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

  const entries = async (cache: { healthCheck(): Promise<CacheHealth> }) => (await cache.healthCheck()).report?.entries;

  it('fill no store: of 100 variants as many stay as `maxVariants` says, and each gets its own answer', async () => {
    const { cache, variant } = await open({ maxVariants: 3 });
    for (let number = 0; number < 100; number++) {
      const { text, cache: said } = await variant(String(number));
      expect(text).toBe(`of ${number}`);
      expect(said).toBe('fwd=miss; fwd-status=200; stored');
    }
    expect(await entries(cache)).toBe(3);
    for (const number of [97, 98, 99]) expect((await variant(String(number))).cache).toMatch(/^hit/);
  });

  it('put out what nobody asks for, and not what is in use', async () => {
    const { variant } = await open({ maxVariants: 3 });
    await variant('en');
    for (let number = 0; number < 50; number++) {
      await variant(`junk ${number}`);
      expect((await variant('en')).cache, String(number)).toMatch(/^hit/);
    }
  });

  it('are stored again after some whose response is not', async () => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    const isSecret = (value: string | undefined) => value?.startsWith('s') === true;
    app.get('/', cacheResponse({ cache, ttl: '5m', vary: ['x-variant'], maxVariants: 1 }), (req, res) =>
      res.set('Cache-Control', isSecret(req.get('x-variant')) ? 'private' : 'public').send('x'),
    );
    const { ask } = await serve(app);
    await ask('/', { headers: { 'x-variant': 'secret' } });
    expect((await ask('/', { headers: { 'x-variant': 'open' } })).cache).toMatch(/stored$/);
  });

  it('are also bounded when they come at once', async () => {
    const { cache, variant } = await open({ maxVariants: 3 });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, number) => variant(String(number))));
    expect(answers.map(({ text }) => text)).toEqual(answers.map((_, number) => `of ${number}`));
    expect(await entries(cache)).toBeLessThanOrEqual(3);
  });

  it('are counted for each URL, and for each user', async () => {
    const { variant } = await open({ maxVariants: 1, identity: (req) => req.get('authorization'), secret: 's' });
    const all = ['/a', '/b'].flatMap((path) =>
      ['ada', 'bob'].map((authorization) => [path, { authorization }] as const),
    );
    for (const [path, who] of all) expect((await variant('1', path, who)).cache).toMatch(/stored$/);
    for (const [path, who] of all) expect((await variant('1', path, who)).cache).toMatch(/^hit/);
    await variant('2', '/a', { authorization: 'ada' });
    expect((await variant('1', '/a', { authorization: 'ada' })).cache).toMatch(/stored$/);
    expect((await variant('1', '/b', { authorization: 'ada' })).cache).toMatch(/^hit/);
  });

  it('are 32 by default', async () => {
    const { cache, variant } = await open({});
    for (let number = 0; number < 40; number++) await variant(String(number));
    expect(await entries(cache)).toBe(32);
    expect(() => cacheResponse({ cache, maxVariants: 0 })).toThrow(/maxVariants must be a whole number above 0/);
  });
});

describe('the count of variants', () => {
  const open = (max: number) => {
    const clock = new FakeClock();
    const dropped: string[] = [];
    return { clock, dropped, variants: new Variants(clock, max, (variant) => dropped.push(variant)) };
  };

  it('forgets those that are over, and none that is being made', async () => {
    const { clock, dropped, variants } = open(2);
    expect(variants.admit('/', 'a', 10)).toBe(true);
    expect(variants.admit('/', 'b', 1_000)).toBe(true);
    expect(variants.admit('/', 'c', 10)).toBe(false);
    await clock.advance(10);
    expect(variants.admit('/', 'c', 10)).toBe(true);
    expect(variants.admit('/', 'd', 10)).toBe(false);
    expect(variants.admit('/', 'b', 10)).toBe(true); // known
    variants.forget('/', 'c');
    expect(variants.admit('/', 'd', 10)).toBe(true);
    expect(dropped).toEqual([]);
  });

  it('drops the stored one that was not used for longest', () => {
    const { dropped, variants } = open(3);
    for (const name of ['a', 'b', 'c']) variants.keep('/', name, 1_000);
    variants.use('/', 'a');
    variants.use('/other', 'b');
    for (const name of ['d', 'e']) {
      expect(variants.admit('/', name, 1_000)).toBe(true);
      variants.keep('/', name, 1_000);
    }
    expect(dropped).toEqual(['b', 'c']);
  });

  it('keeps no more characters of keys than it may: the oldest URL is counted anew', () => {
    const { dropped, variants } = open(1);
    variants.keep('/first', 'a', 1_000);
    const long = 'x'.repeat(1_000_000);
    for (let number = 0; number < 8; number++) variants.keep(`/${number}`, `${number}${long}`, 1_000);
    variants.admit('/first', 'b', 1_000);
    variants.admit('/7', 'b', 1_000);
    expect(dropped).toEqual([`7${long}`]);
  });
});
