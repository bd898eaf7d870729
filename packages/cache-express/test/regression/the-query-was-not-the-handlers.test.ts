import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** The one that Express itself uses. */
const qs = createRequire(createRequire(import.meta.url).resolve('express'))('qs') as {
  parse(text: string | null, options: Readonly<Record<string, unknown>>): unknown;
};
const withQs = (options: Readonly<Record<string, unknown>>) => (text: string | null) => qs.parse(text, options);

const PARSERS: readonly [string, unknown][] = [
  ['simple', 'simple'],
  ['extended', 'extended'],
  ['false', false],
  ['qs with comma', withQs({ comma: true })],
  ['qs with charset iso-8859-1', withQs({ charset: 'iso-8859-1' })],
  ['qs with charsetSentinel', withQs({ charsetSentinel: true, charset: 'iso-8859-1', interpretNumericEntities: true })],
  ['qs with allowDots', withQs({ allowDots: true })],
  ['qs with decodeDotInKeys', withQs({ allowDots: true, decodeDotInKeys: true })],
  ['qs with depth', withQs({ depth: 1 })],
  ['qs with strictDepth', withQs({ depth: 1, strictDepth: true })],
  ['qs with parameterLimit', withQs({ parameterLimit: 2 })],
  ['qs with throwOnLimitExceeded', withQs({ parameterLimit: 2, throwOnLimitExceeded: true })],
  ['qs with delimiter', withQs({ delimiter: ';' })],
  ['qs with a pattern as delimiter', withQs({ delimiter: /[;,&]/ })],
  ['qs with ignoreQueryPrefix', withQs({ ignoreQueryPrefix: true })],
  ['qs with duplicates: first', withQs({ duplicates: 'first' })],
  ['qs with duplicates: last', withQs({ duplicates: 'last' })],
  ['qs with arrayLimit', withQs({ arrayLimit: 1 })],
  ['qs with allowSparse', withQs({ allowSparse: true })],
  ['qs with allowEmptyArrays', withQs({ allowEmptyArrays: true })],
  ['qs with parseArrays: false', withQs({ parseArrays: false })],
  ['qs with plainObjects', withQs({ plainObjects: true })],
  ['qs with allowPrototypes', withQs({ allowPrototypes: true })],
  ['qs with strictNullHandling', withQs({ strictNullHandling: true })],
  ['qs with a decoder', withQs({ decoder: (text: string) => text.toUpperCase() })],
  ['a function that looks at the letters', (text: string | null) => ({ text })],
  ['a function that counts', (text: string | null) => ({ parts: text?.split('&').length ?? null, first: text?.[0] })],
  ['a function that returns a Map', (text: string | null) => new Map(new URLSearchParams(text ?? ''))],
  ['a function that refuses', (text: string | null) => refuse(text, 'b')],
];
function refuse(text: string | null, what: string): unknown {
  if (text?.includes(what)) throw Object.assign(new Error('refused'), { status: 400 });
  return { text };
}

/** What a handler can tell of the query, but for the order of different names. */
const show: RequestHandler = (req, res) => {
  const query: unknown = req.query;
  const entries = query instanceof Map ? [...query] : Object.entries(query ?? {});
  const parts = entries.map(([name, value]) => inspect([name, value], { depth: 20 })).sort();
  const tails = [req.url, req.originalUrl].map((url) => url.slice(url.search(/[?#]|$/)));
  res.json({ is: inspect(Object.getPrototypeOf(query)), parts, bytes: tails.map((tail) => [...tail].sort().join('')) });
};

const name = fc.constantFrom(
  'a',
  'b',
  'a[x]',
  'a[y]',
  'a[]',
  'a.x',
  'a.y',
  '[a]',
  '%61',
  'a%5Bx%5D',
  'utf8',
  'M%FC',
  '',
);
const value = fc.constantFrom(
  '1',
  '2',
  '1,2',
  'M%FCller',
  'M%F6ller',
  'M%C3%BCller',
  '%26',
  'x;b=2',
  '+',
  '%',
  '&#252;',
);
const parameter = fc.oneof(
  fc.tuple(name, value).map(([name, value]) => `${name}=${value}`),
  name,
  fc.string({ unit: fc.constantFrom(...'ab=&;,.[]%+?#/{}|\\^`"<>\'$~!\xa0\xfc'), maxLength: 8 }),
);
const queries = fc.array(parameter, { maxLength: 5 });

describe.each(VERSIONS)('the query that a handler sees, on %s', (_name, express) => {
  async function open(parser: unknown, more: Partial<CacheResponseOptions> | undefined, handler = show) {
    const app = express();
    app.set('env', 'test'); // where Express prints no errors
    app.set('query parser', parser);
    const cache = createCache({ types: {}, logger: false });
    const before = more ? [cacheResponse({ cache, ttl: '5m', ...more })] : [];
    app.get('/', ...before, handler);
    const { ask } = await serve(app);
    return async (query: string) => {
      const { status, text, cache } = await ask(`/${query}`, { headers: { host: 'one.example' } });
      return { status, text: status === 200 ? text : '', cache };
    };
  }

  it.each(PARSERS)('is what it would be without the cache, by %s', async (_parser, parser) => {
    const plain = await open(parser, undefined);
    const cached = await open(parser, {});
    await fc.assert(
      fc.asyncProperty(queries, fc.nat(), async (parameters, seed) => {
        const turned = parameters.length === 0 ? 0 : seed % parameters.length;
        const others = [...parameters.slice(turned), ...parameters.slice(0, turned)].reverse();
        for (const query of [parameters, others, parameters].map((all) => `?${all.join('&')}`)) {
          const [expected, seen] = [await plain(query), await cached(query)];
          expect({ ...seen, cache: '' }, query).toEqual({ ...expected, cache: '' });
        }
      }),
      { numRuns: 10 },
    );
  });

  it('holds the bytes of each parameter, and the order of one name', async () => {
    const latin = await open(withQs({ charset: 'iso-8859-1' }), {}, (req, res) => void res.json(req.query));
    expect((await latin('?q=M%FCller')).text).toBe('{"q":"Müller"}');
    expect((await latin('?q=M%F6ller')).text).toBe('{"q":"Möller"}');
    const sorted = await open('extended', {}, (req, res) => void res.json(req.query));
    expect((await sorted('?sort[name]=asc&sort[age]=desc')).text).toBe('{"sort":{"name":"asc","age":"desc"}}');
    const comma = await open(withQs({ comma: true }), {}, (req, res) => void res.json(req.query));
    expect((await comma('?ids=1,2')).text).toBe('{"ids":["1","2"]}');
    expect((await comma('?ids=1%2C2')).text).toBe('{"ids":"1,2"}');
  });

  it('shares a response between orders of different names', async () => {
    const cached = await open('extended', {});
    await cached('?b=1&a[x]=2&a[y]=3');
    expect((await cached('?a[x]=2&b=1&a[y]=3')).cache).toContain('hit');
    expect((await cached('?a[y]=3&b=1&a[x]=2')).cache).toContain('fwd');
  });

  it('keeps the first parameters where a parser counts them', async () => {
    const plain = await open('simple', undefined, (req, res) => void res.json(Object.keys(req.query).length));
    const cached = await open('simple', {}, (req, res) => void res.json(Object.keys(req.query)));
    const query = `?${Array.from({ length: 1_010 }, (_, at) => `${1_999 - at}`).join('&')}`;
    expect((await plain(query)).text).toBe('1000');
    expect((await cached(query)).text).toContain('"1999"');
  });

  it('filters by the name of a parameter, in whatever spelling', async () => {
    const cached = await open('extended', { query: ['a', 'b c'] }, (req, res) => void res.json([req.query, req.url]));
    expect((await cached('?z=1&a[x]=1&%61%5By%5D=2&b+c=3&utm=4')).text).toBe(
      '[{"a":{"x":"1","y":"2"},"b c":"3"},"/?a[x]=1&%61%5By%5D=2&b+c=3"]',
    );
    expect((await cached('?b+c=3&utm=5&a[x]=1&%61%5By%5D=2')).cache).toContain('hit');
    expect((await cached('?utm=5')).text).toBe('[{},"/"]');
    expect((await cached('')).cache).toContain('hit');
  });

  it('is read by the parser of the app that read it first', async () => {
    const app = express();
    app.set('query parser', withQs({ comma: true }));
    const inner = express();
    const cache = createCache({ types: {}, logger: false });
    const see: RequestHandler = (req, res) => void res.json(req.query);
    inner.get('/plain', see);
    inner.get('/cached', cacheResponse({ cache, ttl: '5m' }), see);
    app.use('/in', inner);
    const { ask } = await serve(app);
    for (const query of ['?ids=1,2', '?z=1&a=2,3&a=4', '?a[b]=1,2&a[c]=3']) {
      const order = (text: string) => Object.entries(JSON.parse(text) as object).sort();
      expect(order((await ask(`/in/cached${query}`)).text)).toEqual(order((await ask(`/in/plain${query}`)).text));
    }
  });

  it('is hidden from those who look at what Express has parsed of the URL', async () => {
    const app = express();
    const cache = createCache({ types: {}, logger: false });
    app.get('/', cacheResponse({ cache, ttl: '5m', query: ['q'] }), (req, res) => {
      const { search, query, path, href, pathname } = Reflect.get(req, '_parsedUrl') as URL & {
        query: unknown;
        path: unknown;
      };
      res.json({ search, query, path, href, pathname });
    });
    const { ask } = await serve(app);
    const shown = { search: '?q=1', query: 'q=1', path: '/?q=1', href: '/?q=1', pathname: '/' };
    expect(JSON.parse((await ask('/?utm=2&q=1')).text)).toEqual(shown);
    expect(JSON.parse((await ask('/?utm=3')).text)).toEqual({
      search: null,
      query: null,
      path: '/',
      href: '/',
      pathname: '/',
    });
  });

  it('stands in the key of both URLs, where middleware has changed one', async () => {
    const app = express();
    const cache = createCache({ types: {}, logger: false });
    app.use((req, _res, next) => {
      req.url = '/?rewritten=1';
      next();
    });
    app.get('/', cacheResponse({ cache, ttl: '5m' }), (req, res) => void res.json([req.url, req.originalUrl]));
    const { ask } = await serve(app);
    const is4 = express === VERSIONS[0][1]; // whose `req.query` is that of the first URL, so the other one counts as changed
    for (const query of ['?a=1', '?a=2', '?a=1'])
      expect((await ask(`/${query}`)).text).toBe(is4 ? '["/","/"]' : `["/?rewritten=1","/${query}"]`);
    expect((await ask('/?a=2')).cache).toContain('hit');
  });
});
