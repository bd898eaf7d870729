import { createCache, type Logger, memoryStore } from '@huntly/cache-core';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type CacheResponseOptions, cacheResponse } from '../src/index.ts';
import { serve, VERSIONS } from './support/serve.ts';

/** One test or more for each security rule of a shared cache, in the order of docs/http.md. */
describe.each(VERSIONS)('security rules on %s', (_name, express) => {
  const newCache = () => createCache({ types: {}, logger: false });
  const cached = (more: Partial<CacheResponseOptions> = {}) => cacheResponse({ cache: newCache(), ttl: '5m', ...more });
  /** Counts its runs in what it answers. */
  const counting = () => {
    let runs = 0;
    return (_req: unknown, res: { send(text: string): unknown }) => res.send(`run ${++runs}`);
  };

  it('1 never stores Set-Cookie, nor what middleware before it set for one client', async () => {
    let visitors = 0;
    const app = express();
    app.use((_req, res, next) => {
      res.cookie('session', `s${++visitors}`).set('X-Request-Id', `r${visitors}`);
      next();
    });
    app.get('/', cached(), counting());
    const { ask } = await serve(app);
    const [first, second] = [await ask('/'), await ask('/')];
    expect(second.cache).toContain('hit');
    expect(second.text).toBe('run 1');
    expect(first.headers['set-cookie']?.[0]).toContain('session=s1');
    expect(second.headers['set-cookie']?.[0]).toContain('session=s2');
    expect(second.headers['x-request-id']).toBe('r2');
  });

  it('2 bypasses for Authorization and Cookie, with one warning that names both options', async () => {
    const warn = vi.fn();
    const logger: Logger = { debug() {}, info() {}, warn, error() {} };
    const app = express();
    app.get('/', cached({ cache: createCache({ types: {}, logger }) }), counting());
    const { ask } = await serve(app);
    const answers = [
      await ask('/', { headers: { cookie: 'sid=1' } }),
      await ask('/', { headers: { authorization: 'Bearer x' } }),
      await ask('/', { headers: { cookie: 'sid=1' } }),
    ];
    expect(answers.map(({ text }) => text)).toEqual(['run 1', 'run 2', 'run 3']);
    expect(answers.every(({ cache }) => cache === 'fwd=bypass; detail=credentials')).toBe(true);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]?.[1]).toMatch(/shared: true.*identity/);
  });

  it('2 shares with `shared: true`, and hides who asks from the handler', async () => {
    const app = express();
    app.get('/', cached({ shared: true }), (req, res) => res.json([req.get('authorization'), req.get('cookie')]));
    const { ask } = await serve(app);
    expect((await ask('/', { headers: { authorization: 'ALICE', cookie: 'a=1' } })).text).toBe('[null,null]');
    expect((await ask('/', { headers: { authorization: 'BOB' } })).cache).toContain('hit');
  });

  it('2 keeps responses per user with `identity`, and users who cannot be told out of the cache', async () => {
    const identity = (req: { headers: { authorization?: string | undefined } }) =>
      req.headers.authorization === 'unknown' ? undefined : req.headers.authorization;
    const app = express();
    app.get('/', cached({ identity, secret: 's' }), (req, res) => res.send(`for ${req.get('authorization')}`));
    const { ask } = await serve(app);
    const as = (authorization: string) => ask('/', { headers: { authorization } });
    await as('ALICE');
    await as('BOB');
    expect(await as('ALICE')).toMatchObject({ text: 'for ALICE', cache: expect.stringContaining('hit') as string });
    expect((await as('BOB')).text).toBe('for BOB');
    expect((await as('BOB')).headers['cache-control']).toBe('private, no-cache');
    expect((await as('unknown')).cache).toBe('fwd=bypass; detail=identity');
    expect((await ask('/')).text).toBe('for undefined');
  });

  it('3 does not store what a malformed or qualified directive may forbid', async () => {
    const app = express();
    app.get('/', cached({ query: ['cc'], hitForMiss: '1ms' }), (req, res) =>
      res.set('Cache-Control', String(req.query['cc'])).send('body'),
    );
    const { ask } = await serve(app);
    for (const cc of [
      'PRIVATE',
      'private=""',
      'Private="set-cookie"',
      'max-age=60 no-store',
      'no-store;',
      '"no-store"',
      'no-cache="x"',
      'max-age=60,,=',
    ]) {
      await ask(`/?cc=${encodeURIComponent(cc)}`);
      expect((await ask(`/?cc=${encodeURIComponent(cc)}`)).cache, cc).not.toContain('hit');
    }
    await ask('/?cc=public,max-age=60');
    expect((await ask('/?cc=public,max-age=60')).cache).toContain('hit');
  });

  it('4 shows the handler nothing that the key leaves out', async () => {
    const app = express();
    app.get('/a/:id', cached({ query: ['q'], vary: ['X-Tenant'], shared: true }), (req, res) =>
      res.json({
        headers: Object.keys(req.headers).sort(),
        raw: req.rawHeaders.filter((_text, index) => index % 2 === 0).sort(),
        distinct: Object.keys(req.headersDistinct).sort(),
        query: req.query,
        url: req.url,
        originalUrl: req.originalUrl,
        id: req.params['id'],
      }),
    );
    const { ask } = await serve(app);
    const headers = {
      'x-tenant': 't1',
      'x-evil': 'y',
      referer: 'z',
      cookie: 'a=b',
      'user-agent': 'u',
      range: 'bytes=0-1',
    };
    const { text } = await ask('/a/7?x=1&q=b&utm=2', { headers });
    const names = ['host', 'x-tenant'];
    expect(JSON.parse(text)).toEqual({
      headers: names,
      raw: names,
      distinct: names,
      query: { q: 'b' },
      url: '/a/7?q=b',
      originalUrl: '/a/7?q=b',
      id: '7',
    });
  });

  it('4 gives the request back as it was to whatever lies outside of the route', async () => {
    const seen: unknown[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.on('finish', () => seen.push(req.url, req.query['utm'], req.headers['x-trace']));
      next();
    });
    app.get('/', cached({ query: ['q'] }), (_req, res) => res.send('ok'));
    const { ask } = await serve(app);
    await ask('/?q=1&utm=2', { headers: { 'x-trace': 't' } });
    expect(seen).toEqual(['/?q=1&utm=2', '2', 't']);
  });

  it('4 changing anything unkeyed never changes a stored body', async () => {
    const app = express();
    app.get('/p', cached({ query: ['q', 'page'], vary: ['x-tenant'], shared: true }), (req, res) =>
      res.send(JSON.stringify([req.headers, req.rawHeaders, req.query, req.url, req.originalUrl, req.hostname])),
    );
    const { ask } = await serve(app);
    const headerName = fc.constantFrom(
      'accept',
      'accept-language',
      'cookie',
      'authorization',
      'referer',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-a',
      'if-none-match',
      'range',
      'user-agent',
      'origin',
      'forwarded',
      'pragma',
      'cache-control',
    );
    const word = fc.stringMatching(/^[a-z0-9/=.]{1,12}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(headerName, word),
        fc.dictionary(fc.constantFrom('utm', 'x', 'fbclid', '_'), word),
        fc.nat(10_000),
        async (headers, noise, q) => {
          const query = new URLSearchParams({ ...noise, q: String(q) });
          const plain = await ask(`/p?q=${q}`, { headers: { 'x-tenant': 't' } });
          const noisy = await ask(`/p?${query}`, { headers: { ...headers, 'x-tenant': 't' } });
          if (noisy.status === 304) return; // the client guessed the ETag
          expect(noisy.text).toBe(plain.text);
          // And the other way round: what the noise makes first is what the plain request gets.
          const first = await ask(`/p?page=1&${query}`, { headers: { ...headers, 'x-tenant': 't' } });
          expect((await ask(`/p?q=${q}&page=1`, { headers: { 'x-tenant': 't' } })).text).toBe(first.text);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('5 sorts the query, keeps its bytes, and takes parameters that are not listed away', async () => {
    const app = express();
    app.get('/all', cached(), (req, res) => res.json(req.query));
    app.get('/some', cached({ query: ['q', 'page'] }), (req, res) => res.json(req.query));
    const { ask } = await serve(app);
    await ask('/all?b=2&a=%31&a=x');
    expect(await ask('/all?a=%31&b=2&a=x')).toMatchObject({
      text: '{"a":["1","x"],"b":"2"}',
      cache: expect.stringContaining('hit') as string,
    });
    expect(await ask('/all?a=1&b=2&%61=x')).toMatchObject({
      text: '{"a":["1","x"],"b":"2"}', // the URL shows other bytes, so this is another response
      cache: expect.stringContaining('fwd=uri-miss') as string,
    });
    expect((await ask('/all?a=x&a=1&b=2')).text).toBe('{"a":["x","1"],"b":"2"}'); // another order of values is another query
    expect((await ask('/some?q=%2541&page=2&utm=3')).text).toBe('{"page":"2","q":"%41"}');
    expect((await ask('/some?page=2&q=%2541')).cache).toContain('hit');
  });

  it('5 keys on what a schema makes of the query, and answers 400 to what it refuses', async () => {
    const Query = z.object({ q: z.string().trim().toLowerCase(), page: z.coerce.number().int().default(1) });
    const app = express();
    app.get('/', cached({ query: Query }), (req, res) => res.json(req.query));
    app.use(((error, _req, res, _next) =>
      res.status((error as { status: number }).status).send('refused')) as import('express').ErrorRequestHandler);
    const { ask } = await serve(app);
    expect((await ask('/?q=%20ACME&utm=1')).text).toBe('{"q":"acme","page":1}');
    expect((await ask('/?page=01&q=acme')).cache).toContain('hit');
    expect(await ask('/?page=x')).toMatchObject({ status: 400, text: 'refused' });
  });

  it('6 keys cannot be confused: no two different requests share one', async () => {
    const app = express();
    app.get(/.*/, cached({ vary: ['x-a', 'x-b'] }), (req, res) =>
      res.json([req.path, req.originalUrl, req.get('x-a'), req.get('x-b'), req.get('host')]),
    );
    const { ask } = await serve(app);
    const tricky = fc.stringMatching(/^["\\,[\]:{}a|]{0,4}$/);
    await fc.assert(
      fc.asyncProperty(tricky, tricky, tricky, tricky, async (path, query, a, b) => {
        const url = `/${encodeURIComponent(path)}?${encodeURIComponent(query)}=1`;
        const { text } = await ask(url, { headers: { 'x-a': a, 'x-b': b, host: 'example.com' } });
        expect(JSON.parse(text)).toEqual([
          `/${encodeURIComponent(path)}`,
          `/${encodeURIComponent(path)}?${encodeURIComponent(query)}=1`,
          a,
          b,
          'example.com',
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it('6 keys hold the method, the host and the protocol', async () => {
    const app = express();
    app.set('trust proxy', true);
    app.get('/', cached(), (req, res) => res.json([req.protocol, req.hostname, req.get('host')]));
    const { ask } = await serve(app);
    const seen = new Set<string>();
    for (const headers of [
      { host: 'a.example' },
      { host: 'b.example' },
      { host: 'a.example:81' },
      { host: 'a.example', 'x-forwarded-proto': 'https' },
      { host: 'a.example', 'x-forwarded-host': 'c.example' },
    ]) {
      const answer = await ask('/', { headers });
      expect(answer.cache).toContain('fwd');
      seen.add(answer.text);
    }
    expect(seen.size).toBe(5);
  });

  it('6 takes no word of X-Forwarded-Host where no proxy is trusted', async () => {
    const app = express();
    app.get('/', cached(), (req, res) => res.send(String(req.get('x-forwarded-host') ?? req.get('host'))));
    const { ask } = await serve(app);
    const { text } = await ask('/', { headers: { host: 'good.example', 'x-forwarded-host': 'evil.example' } });
    expect(text).toBe('good.example');
    expect((await ask('/', { headers: { host: 'good.example' } })).text).toBe('good.example');
  });

  it('7 shows nothing of a query, a token or a user in keys, tags and headers', async () => {
    const store = memoryStore();
    const keys: string[] = [];
    const lease = store.lease.bind(store);
    store.lease = (key, options) => {
      keys.push(key.text, ...options.tags);
      return lease(key, options);
    };
    const app = express();
    app.get(
      '/secretpath',
      cached({
        cache: createCache({ types: {}, store, logger: false }),
        identity: (req) => req.get('authorization'),
        secret: 's',
      }),
      (_req, res) => res.send('x'),
    );
    const { ask } = await serve(app);
    const { headers } = await ask('/secretpath?q=ada@example.com', { headers: { authorization: 'token-of-ada' } });
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^http:[0-9a-f]{64}$/);
    expect(keys[1]).toMatch(/^url-[0-9a-f]{64}$/);
    expect(JSON.stringify(headers)).not.toMatch(/ada|token|[0-9a-f]{64}/);
  });

  it('8 does not cache a 404 that nobody asked for, nor by the ending of a path', async () => {
    const app = express();
    app.use('/docs', cached({ query: [] }));
    app.get('/account/*rest'.replace('*rest', express === VERSIONS[0][1] ? '*' : '*rest'), counting());
    const { ask } = await serve(app);
    expect((await ask('/docs/none')).status).toBe(404);
    expect((await ask('/docs/none')).cache).not.toContain('hit');
    expect((await ask('/account/x.css')).text).toBe('run 1');
    expect((await ask('/account/x.css')).text).toBe('run 2'); // no route of ours
  });

  it('8 and 10 store 404 and 410 for `negativeTtl` only, and never other errors', async () => {
    const app = express();
    app.get('/:status', cached({ negativeTtl: '10s', hitForMiss: '1ms' }), (req, res) =>
      res.status(Number(req.params['status'])).send('error'),
    );
    const { ask } = await serve(app);
    for (const status of [404, 410]) {
      await ask(`/${status}`);
      const again = await ask(`/${status}`);
      expect(again.status).toBe(status);
      expect(Number(/ttl=(\d+)/.exec(again.cache)?.[1])).toBeLessThanOrEqual(10);
    }
    for (const status of [201, 206, 301, 400, 401, 403, 413, 414, 429, 431, 500, 502, 503]) {
      await ask(`/${status}`);
      expect((await ask(`/${status}`)).cache, String(status)).not.toContain('hit');
    }
  });

  it('9 sends bodies that are too large and does not store them', async () => {
    const app = express();
    app.get('/sent', cached({ maxBodyBytes: 100 }), (_req, res) => res.send('x'.repeat(101)));
    app.get('/streamed', cached({ maxBodyBytes: 100 }), (_req, res) => {
      for (let part = 0; part < 11; part++) res.write('x'.repeat(10));
      res.end();
    });
    const { ask } = await serve(app);
    expect((await ask('/sent')).cache).toContain('detail=too-large');
    for (const path of ['/sent', '/streamed', '/streamed']) {
      const answer = await ask(path);
      expect(answer.text.length).toBeGreaterThan(100);
      expect(answer.cache).not.toContain('hit');
    }
  });

  it('11 a client cannot pass the cache by, unless the route honours it', async () => {
    const app = express();
    app.get('/ignore', cached(), counting());
    app.get('/honour', cached({ clientDirectives: 'honour' }), counting());
    const { ask } = await serve(app);
    const wants = (cacheControl: string) => ({ headers: { 'cache-control': cacheControl } });
    for (const path of ['/ignore', '/honour']) await ask(path);
    for (const wish of ['no-cache', 'no-store', 'max-age=0', 'only-if-cached'])
      expect((await ask('/ignore', wants(wish))).text).toBe('run 1');
    expect((await ask('/ignore', { headers: { pragma: 'no-cache' } })).text).toBe('run 1');
    expect((await ask('/honour', wants('only-if-cached'))).text).toBe('run 1');
    expect(await ask('/honour', wants('no-cache'))).toMatchObject({ text: 'run 2', cache: 'fwd=request' });
    expect((await ask('/honour', wants('min-fresh=3600'))).cache).toBe('fwd=request');
    expect((await ask('/honour', { headers: { pragma: 'no-cache' } })).cache).toBe('fwd=request');
    expect((await ask('/honour?x=1', wants('only-if-cached'))).status).toBe(504);
  });

  it('12 an ETag answers for its own path and body only', async () => {
    const app = express();
    app.get('/:id', cached(), (req, res) => void res.status(200).end(`body of ${req.params['id']}`));
    const { ask } = await serve(app);
    const etag = String((await ask('/a')).headers.etag);
    const same = { headers: { 'if-none-match': etag } };
    expect((await ask('/a', same)).status).toBe(304);
    expect((await ask('/b', same)).status).toBe(200);
    expect((await ask('/b', same)).status).toBe(200);
  });

  it('14 drops a stored response that is cut or of another kind', async () => {
    const store = memoryStore();
    const read = store.read.bind(store);
    let forge: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes;
    store.read = async (keys) =>
      (await read(keys)).map((reply) =>
        reply.kind === 'hit' ? { ...reply, entry: { ...reply.entry, bytes: forge(reply.entry.bytes) } } : reply,
      );
    const app = express();
    app.get('/', cached({ cache: createCache({ types: {}, store, logger: false }) }), (_req, res) =>
      res.set('x-a', 'aaaaaa').send('body'),
    );
    const { ask } = await serve(app);
    await ask('/');
    expect((await ask('/')).cache).toContain('hit');
    const forgeries = {
      cut: (bytes: Uint8Array) => bytes.subarray(0, -1),
      empty: () => new Uint8Array(),
      json: () => Buffer.from('{"status":200}'),
    };
    for (const [name, forgery] of Object.entries(forgeries)) {
      forge = forgery;
      const answer = await ask('/');
      expect(answer, name).toMatchObject({
        status: 200,
        text: 'body',
        cache: expect.stringContaining('fwd') as string,
      });
    }
  });

  it('15 nobody learns from a hit whether another user was there', async () => {
    const app = express();
    app.get('/', cached({ identity: (req) => req.get('authorization'), secret: 's' }), counting());
    const { ask } = await serve(app);
    await ask('/', { headers: { authorization: 'ALICE' } });
    expect((await ask('/', { headers: { authorization: 'BOB' } })).cache).toContain('fwd=uri-miss');
  });
});
