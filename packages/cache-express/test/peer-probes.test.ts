import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache } from '@huntly/cache-core';
import compression from 'compression';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../src/index.ts';
import { gate, serve, VERSIONS } from './support/serve.ts';

/** What published response caches for Express get wrong, one probe each. */
describe.each(VERSIONS)('what other caches get wrong, on %s', (_name, express) => {
  const cached = (more: Partial<CacheResponseOptions> = {}) =>
    cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '5m', ...more });

  it('does not give the cookie of one client to the next', async () => {
    let users = 0;
    const app = express();
    app.get('/', cached(), (_req, res) => {
      res.cookie('sid', `user${++users}`).send('hello');
    });
    const { ask } = await serve(app);
    const answers = [await ask('/'), await ask('/')];
    expect(answers.map(({ headers }) => headers['set-cookie']?.[0]?.split(';')[0])).toEqual(['sid=user1', 'sid=user2']);
    expect(answers[0]?.cache).toContain('detail=set-cookie');
  });

  it("does not serve Alice's authorised body to Bob", async () => {
    const app = express();
    app.get('/', cached(), (req, res) => res.send(`for ${req.headers.authorization}`));
    const { ask } = await serve(app);
    expect((await ask('/', { headers: { authorization: 'ALICE' } })).text).toBe('for ALICE');
    expect((await ask('/', { headers: { authorization: 'BOB' } })).text).toBe('for BOB');
    expect((await ask('/')).text).toBe('for undefined');
  });

  it('does not answer POST with the cached GET', async () => {
    const app = express();
    app.all('/', cached(), (req, res) => res.send(req.method));
    const { ask } = await serve(app);
    expect((await ask('/')).text).toBe('GET');
    expect((await ask('/')).cache).toContain('hit');
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      expect((await ask('/', { method })).text, method).toBe(method);
  });

  it('does not store `private, no-store`', async () => {
    let runs = 0;
    const app = express();
    app.get('/', cached(), (_req, res) => res.set('Cache-Control', 'private, no-store').send(String(++runs)));
    const { ask } = await serve(app);
    expect([(await ask('/')).text, (await ask('/')).text]).toEqual(['1', '2']);
  });

  it('does not serve English to the French', async () => {
    const speak = (header: string | undefined) => (header?.startsWith('fr') ? 'bonjour' : 'hello');
    const app = express();
    app.get('/undeclared', cached(), (req, res) => res.vary('Accept-Language').send(speak(req.get('accept-language'))));
    app.get('/declared', cached({ vary: ['Accept-Language'] }), (req, res) =>
      res.vary('Accept-Language').send(speak(req.get('accept-language'))),
    );
    const { ask } = await serve(app);
    const [en, fr] = [{ headers: { 'accept-language': 'en' } }, { headers: { 'accept-language': 'fr' } }];
    expect((await ask('/undeclared', en)).cache).toContain('detail=vary');
    expect((await ask('/undeclared', en)).cache).not.toContain('hit');
    for (const [ask1, text] of [
      [en, 'hello'],
      [fr, 'bonjour'],
      [en, 'hello'],
      [fr, 'bonjour'],
    ] as const)
      expect((await ask('/declared', ask1)).text).toBe(text);
    expect((await ask('/declared', fr)).cache).toContain('hit');
  });

  it('does not cache a 500', async () => {
    let runs = 0;
    const app = express();
    app.get('/', cached(), (_req, res) => res.status(++runs === 1 ? 500 : 200).send(String(runs)));
    const { ask } = await serve(app);
    expect((await ask('/')).status).toBe(500);
    expect((await ask('/')).text).toBe('2');
  });

  it('caches a handler that streams, and the second request does not hang', async () => {
    let runs = 0;
    const app = express();
    app.get('/', cached(), (_req, res) => {
      runs++;
      res.writeHead(200, { 'Content-Type': 'text/plain', 'X-From': 'writeHead' });
      res.write('one ');
      res.write(Buffer.from('two '));
      setImmediate(() => res.end('three'));
    });
    const { ask } = await serve(app);
    const [first, second] = [await ask('/'), await ask('/')];
    expect([first.text, second.text]).toEqual(['one two three', 'one two three']);
    expect(second.headers).toMatchObject({
      'content-type': 'text/plain',
      'x-from': 'writeHead',
      'content-length': '13',
    });
    expect(second.headers.etag).toMatch(/^W\/"[\w-]{27}"$/);
    expect(runs).toBe(1);
  });

  it('lets followers run on their own when their leader fails: no empty 200, nobody hangs', async () => {
    let runs = 0;
    const held = gate();
    const app = express();
    app.get('/', cached(), async (_req, res, next) => {
      const run = ++runs;
      if (run > 1) return void res.send(`answer of ${run}`);
      await held.opened;
      next(new Error('the leader fails'));
    });
    app.use(((_error, _req, res, _next) => res.status(500).send('failed')) as import('express').ErrorRequestHandler);
    const { ask } = await serve(app);
    const leader = ask('/');
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    const followers = [ask('/'), ask('/'), ask('/')];
    await new Promise((resolve) => setImmediate(resolve));
    held.open();
    expect((await leader).status).toBe(500);
    for (const { status, text } of await Promise.all(followers)) {
      expect(status).toBe(200);
      expect(text).toMatch(/^answer of \d$/);
    }
  });

  it('keeps queries apart whose cheap hashes collide', async () => {
    const app = express();
    app.get('/search', cached(), (req, res) => res.send(String(req.query['q'])));
    const { ask } = await serve(app);
    for (const q of ['Aa', 'BB', 'Aa', 'BB']) expect((await ask(`/search?q=${q}`)).text).toBe(q);
  });

  it('runs the handler once for 10 concurrent misses', async () => {
    let runs = 0;
    const held = gate();
    const app = express();
    app.get('/', cached(), async (_req, res) => {
      runs++;
      await held.opened;
      res.json({ runs });
    });
    const { ask } = await serve(app);
    const asked = Array.from({ length: 10 }, () => ask('/'));
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    held.open();
    const answers = await Promise.all(asked);
    expect(runs).toBe(1);
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['{"runs":1}']));
    expect(answers.every(({ cache }) => /stored|collapsed|^hit/.test(cache))).toBe(true);
  });

  it('mounted before compression(), does not give gzip to a client that does not take it', async () => {
    const app = express();
    app.get('/', cached({ vary: ['Accept-Encoding'] }), compression({ threshold: 0 }), (_req, res) =>
      res.type('text').send('x'.repeat(2000)),
    );
    const { ask } = await serve(app);
    const zipped = { headers: { 'accept-encoding': 'gzip' } };
    for (const again of [1, 2]) {
      expect((await ask('/', zipped)).headers['content-encoding'], String(again)).toBe('gzip');
      const plain = await ask('/');
      expect(plain.headers['content-encoding']).toBeUndefined();
      expect(plain.text).toBe('x'.repeat(2000));
    }
    expect((await ask('/', zipped)).cache).toContain('hit');
    expect((await ask('/')).cache).toContain('hit');
  });

  it('caches empty bodies, and binary ones byte for byte', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const app = express();
    app.get('/empty', cached(), (_req, res) => void res.status(200).end());
    app.get('/binary', cached(), (_req, res) => res.type('application/octet-stream').send(bytes));
    const { ask } = await serve(app);
    await ask('/empty');
    expect(await ask('/empty')).toMatchObject({
      status: 200,
      text: '',
      cache: expect.stringContaining('hit') as string,
    });
    await ask('/binary');
    const hit = await ask('/binary');
    expect(hit.body.equals(bytes)).toBe(true);
    expect(hit.cache).toContain('hit');
  });

  it('passes informational responses on and stores the final one', async () => {
    const app = express();
    app.get('/', cached(), (_req, res) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
      res.send('final');
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const hints = await new Promise<unknown>((resolve, reject) => {
      let link: unknown;
      get({ port, host: '127.0.0.1', agent: false }, (incoming) => incoming.resume().on('end', () => resolve(link)))
        .on('information', (information) => {
          link = information.headers['link'];
        })
        .on('error', reject);
    });
    server.close();
    expect(hints).toContain('style.css');
  });
});
