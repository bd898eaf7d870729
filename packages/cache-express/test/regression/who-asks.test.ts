import { createCache, type Logger } from '@huntly/cache-core';
import { describe, expect, it, vi } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** One user got the response of another. */
describe.each(VERSIONS)('who asks, on %s', (_name, express) => {
  async function open(more: Partial<CacheResponseOptions>, property = 'user') {
    const warn = vi.fn();
    const logger: Logger = { debug() {}, info() {}, warn, error() {} };
    const app = express();
    app.use((req, _res, next) => {
      const key = req.get('x-api-key');
      if (key) Reflect.set(req, property, { name: key, id: key.length });
      next();
    });
    const cache = createCache({ types: {}, logger });
    app.get('/', cacheResponse({ cache, ttl: '5m', ...more }), (req, res) =>
      res.send(`for ${(Reflect.get(req, property) as { name: string } | undefined)?.name}`),
    );
    const { ask } = await serve(app);
    return { warn, as: (name: string) => ask('/', { headers: name ? { 'x-api-key': name } : {} }) };
  }
  const user = (req: object) => Reflect.get(req, 'user') as { name: string; id: number } | undefined;

  it('was taken for everybody where `identity` was a number', async () => {
    const { as } = await open({ identity: (req) => user(req)?.id, secret: 's' });
    for (const name of ['al', 'bob', 'al', 'bob']) expect((await as(name)).text).toBe(`for ${name}`);
    expect((await as('al')).cache).toContain('hit');
  });

  it.each<[string, (req: object) => unknown]>([
    ['a promise', (req) => Promise.resolve(user(req)?.name)],
    ['a promise that rejects', () => Promise.reject(new Error('no session'))],
    ['null', () => null],
    ['an object', user],
    ['empty', () => ''],
    ['not a number', () => Number.NaN],
  ])('was taken for everybody where `identity` was %s', async (_what, identity) => {
    const { as, warn } = await open({ identity: identity as () => string, secret: 's' });
    for (const name of ['al', 'bob', 'al']) {
      const { text, cache } = await as(name);
      expect(text).toBe(`for ${name}`);
      expect(cache).toBe('fwd=bypass; detail=identity');
    }
    expect(warn.mock.calls.filter(([, text]) => String(text).includes('`identity`'))).toHaveLength(1);
  });

  it.each(['user', 'auth'])('was nobody where only `req.%s` told', async (property) => {
    const plain = await open({}, property);
    const identified = await open({ identity: () => undefined, secret: 's' }, property);
    for (const name of ['al', 'bob']) {
      expect(await plain.as(name)).toMatchObject({ text: `for ${name}`, cache: 'fwd=bypass; detail=credentials' });
      expect(await identified.as(name)).toMatchObject({ text: `for ${name}`, cache: 'fwd=bypass; detail=identity' });
    }
    await plain.as('');
    expect((await plain.as('')).cache).toContain('hit');
    expect((await (await open({ shared: true }, property)).as('al')).cache).toContain('stored');
  });
});
