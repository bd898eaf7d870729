import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createCache, memoryStore } from '@huntly/cache-core';
import { FakeClock, settle } from '@huntly/cache-core/testing';
import compression from 'compression';
import type { ErrorRequestHandler } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CacheResponseOptions, cacheResponse, responseType } from '../src/index.ts';
import { gate, type Served, serve, VERSIONS } from './support/serve.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(VERSIONS)('the life of a response on %s', (_name, express) => {
  const newCache = () => createCache({ types: {}, logger: false });
  const cached = (more: Partial<CacheResponseOptions> = {}) => cacheResponse({ cache: newCache(), ttl: '5m', ...more });

  describe('what is sent', () => {
    it('HEAD is answered from the GET, with its length and without its body', async () => {
      let runs = 0;
      const app = express();
      app.get('/', cached(), (_req, res) => res.send(`run ${++runs}`));
      const { ask } = await serve(app);
      expect((await ask('/', { method: 'HEAD' })).cache).toBe('fwd=uri-miss');
      expect((await ask('/')).text).toBe('run 2'); // a HEAD is not stored
      const head = await ask('/', { method: 'HEAD' });
      expect(head).toMatchObject({ status: 200, text: '', cache: expect.stringContaining('hit') as string });
      expect(head.headers['content-length']).toBe('5');
    });

    it('304 by ETag before date, for hits and for the first request alike', async () => {
      const modified = 'Thu, 01 Jan 2026 00:00:00 GMT';
      const app = express();
      app.get('/', cached({ clientTtl: '1m' }), (_req, res) =>
        res.set({ ETag: '"v1"', 'Last-Modified': modified, Link: '<a>' }).send('body'),
      );
      const { ask } = await serve(app);
      for (const pass of ['first', 'hit']) {
        const fresh = await ask(`/?${pass}=1`, { headers: { 'if-none-match': 'W/"v0", W/"v1"' } });
        expect(fresh, pass).toMatchObject({ status: 304, text: '' });
        expect(fresh.headers).toMatchObject({ etag: '"v1"', 'cache-control': 'public, max-age=60', link: '<a>' });
        expect(fresh.headers.date).toBeDefined();
        expect(fresh.headers['content-type']).toBeUndefined();
        expect((await ask(`/?${pass}=1`)).text).toBe('body'); // what was stored is the whole
        expect((await ask('/', { headers: { 'if-modified-since': modified } })).status).toBe(304);
        const both = { 'if-none-match': '"v2"', 'if-modified-since': modified };
        expect((await ask('/', { headers: both })).status).toBe(200);
        expect((await ask('/', { headers: { 'if-none-match': '*' } })).status).toBe(304);
      }
    });

    it('sendFile says `max-age=0` unless it is told not to, and is not stored then', async () => {
      const app = express();
      app.get('/', cached(), (_req, res) => res.sendFile(new URL(import.meta.url).pathname));
      const { ask } = await serve(app);
      expect((await ask('/')).cache).toBe('fwd=uri-miss; fwd-status=200; detail=lifetime');
    });

    it('Age, Date, and a Cache-Status with the time that is left', async () => {
      const clock = new FakeClock();
      const app = express();
      const cache = createCache({ types: {}, logger: false, clock });
      app.get('/', cached({ cache, clock, ttl: '60s' }), (_req, res) => res.send('x'));
      app.get('/old', cached({ cache, clock, ttl: '60s' }), (_req, res) => res.set('Age', '20').send('x'));
      app.get('/status', cached({ cache, clock, name: 'ours' }), (_req, res) =>
        res.set('Cache-Status', 'origin; hit').send('x'),
      );
      const { ask } = await serve(app);
      await ask('/');
      await clock.advance(10_000);
      const hit = await ask('/');
      expect(hit.headers.age).toBe('10');
      expect(hit.headers['cache-status']).toBe('huntly; hit; ttl=50');
      expect(Date.parse(String(hit.headers.date))).toBeLessThanOrEqual(clock.epoch() - 9_000);
      await clock.advance(50_000);
      expect((await ask('/')).cache).toContain('fwd');
      await ask('/old');
      await clock.advance(5_000);
      expect((await ask('/old')).headers.age).toBe('25');
      await ask('/status');
      expect((await ask('/status')).headers['cache-status']).toMatch(/^origin; hit, ours; hit; ttl=\d+$/);
    });

    it('the Cache-Control of the handler as it is, `no-cache` where it gives none', async () => {
      const app = express();
      app.get('/own', cached(), (_req, res) => res.set('Cache-Control', 'public, max-age=7').send('x'));
      app.get('/none', cached(), (_req, res) => res.send('x'));
      const { ask } = await serve(app);
      for (const again of [1, 2]) {
        expect((await ask('/own')).headers['cache-control'], String(again)).toBe('public, max-age=7');
        expect((await ask('/none')).headers['cache-control'], String(again)).toBe('public, no-cache');
      }
    });

    it('mounted after compression(), one stored body for clients with and without', async () => {
      let runs = 0;
      const app = express();
      app.use(compression({ threshold: 0 }));
      app.get('/', cached(), (_req, res) => res.type('text').send(`${++runs}${'x'.repeat(2_000)}`));
      const { ask } = await serve(app);
      const zipped = { headers: { 'accept-encoding': 'gzip' } };
      for (const again of [1, 2]) {
        const answer = await ask('/', zipped);
        expect(answer.headers['content-encoding'], String(again)).toBe('gzip');
        expect(answer.headers.vary).toBe('Accept-Encoding');
        const plain = await ask('/');
        expect(plain.text).toBe(`1${'x'.repeat(2_000)}`);
        expect(plain.headers['content-encoding']).toBeUndefined();
      }
      expect(runs).toBe(1);
    });

    it('mounted before compression() without `vary`, everybody gets the plain body', async () => {
      const app = express();
      app.get('/', cached(), compression({ threshold: 0 }), (_req, res) => res.type('text').send('x'.repeat(2_000)));
      const { ask } = await serve(app);
      for (const headers of [{ 'accept-encoding': 'gzip' }, {}, { 'accept-encoding': 'gzip' }])
        expect(await ask('/', { headers })).toMatchObject({ text: 'x'.repeat(2_000) });
      expect((await ask('/')).cache).toContain('hit');
    });
  });

  describe('ways of answering', () => {
    it.each<[string, (res: import('express').Response, file: string) => unknown]>([
      ['json', (res) => res.json({ a: 1 })],
      ['send of a text', (res) => res.send('text')],
      ['end of a buffer', (res) => res.end(Buffer.from([0, 255]))],
      ['end in another encoding', (res) => res.end('6869', 'hex')],
      ['write and end', (res) => [res.write('a'), res.write('62', 'hex'), res.end('c', 'utf8')]],
      ['writeHead with an object', (res) => res.writeHead(200, 'Fine', { 'X-A': '1' }).end('a')],
      ['writeHead with a list', (res) => res.writeHead(200, ['X-A', '1', 'X-B', '2', 'X-A', '3']).end('a')],
      ['flushHeaders first', (res) => [res.flushHeaders(), res.end('late')]],
      ['a pipe', (res) => Readable.from(['a', 'b', 'c']).pipe(res)],
      ['a pipeline', (res) => pipeline(Readable.from(['a', 'b']), res)],
      ['sendFile', (res, file) => res.sendFile(file, { cacheControl: false })],
      ['a file stream', (res, file) => createReadStream(file).pipe(res)],
    ])('%s: the hit equals the first answer', async (_way, answer) => {
      const folder = mkdtempSync(join(tmpdir(), 'huntly-express-'));
      onTestFinished(() => rmSync(folder, { recursive: true }));
      writeFileSync(join(folder, 'file.txt'), 'from a file');
      let runs = 0;
      const app = express();
      app.get('/', cached(), (_req, res) => {
        runs++;
        answer(res, join(folder, 'file.txt'));
      });
      const { ask } = await serve(app);
      const first = await ask('/');
      const hit = await ask('/');
      expect(hit.cache).toContain('hit');
      expect(hit.body.equals(first.body)).toBe(true);
      expect(first.body.length).toBeGreaterThan(0);
      for (const name of ['content-type', 'x-a', 'x-b', 'last-modified', 'cache-control'])
        if (first.headers[name] !== undefined || name.startsWith('x'))
          expect(hit.headers[name]).toBe(first.headers[name]);
      expect(runs).toBe(1);
    });
  });

  describe('who waits', () => {
    /** A route whose handler waits for `release`, and everybody who asked for it. */
    async function held(
      options: Partial<CacheResponseOptions>,
      answer: (res: import('express').Response, run: number, next: (error?: unknown) => void) => unknown,
    ) {
      let runs = 0;
      let arrived = 0;
      let gone = 0;
      const release = gate();
      const app = express();
      app.use((_req, res, next) => {
        arrived++;
        res.once('close', () => gone++);
        next();
      });
      app.get('/', cached(options), async (_req, res, next) => {
        const run = ++runs;
        await release.opened;
        answer(res, run, next);
      });
      app.use(((_error, _req, res, _next) => res.status(500).send('failed')) as ErrorRequestHandler);
      const served = await serve(app);
      return {
        served,
        release,
        runs: () => runs,
        arrived: async (count: number) => {
          while (arrived < count) await turn();
          for (let wait = 0; wait < 5; wait++) await turn(); // and wait for the response
        },
        left: async (count: number) => {
          while (gone < count) await turn();
        },
        running: async () => {
          while (runs === 0) await turn();
        },
      };
    }

    it('an uncacheable route is not serialised: from the second round on everybody runs at once', async () => {
      let running = 0;
      let most = 0;
      const app = express();
      app.get('/', cached(), async (_req, res) => {
        most = Math.max(most, ++running);
        for (let wait = 0; wait < 200; wait++) await turn();
        running--;
        res.set('Cache-Control', 'no-store').send('x');
      });
      const { ask } = await serve(app);
      await ask('/');
      const answers = await Promise.all(Array.from({ length: 8 }, () => ask('/')));
      expect(answers.map(({ cache }) => cache)).toEqual(Array(8).fill('fwd=bypass; detail=uncacheable'));
      expect(most).toBe(8);
    });

    it('followers go on as soon as the head of the leader says that it is not stored', async () => {
      const rest = gate();
      let runs = 0;
      const app = express();
      app.get('/', cached(), async (_req, res) => {
        const run = ++runs;
        res.set('Cache-Control', 'no-store');
        if (run > 1) return void res.send('own');
        for (let wait = 0; wait < 50; wait++) await turn();
        res.write('begun ');
        await rest.opened;
        res.end('ended');
      });
      const { ask } = await serve(app);
      const leader = ask('/');
      while (runs === 0) await turn();
      expect((await ask('/')).text).toBe('own'); // while the leader has not ended
      rest.open();
      expect((await leader).text).toBe('begun ended');
    });

    it.each<[string, (res: import('express').Response) => unknown]>([
      ['less than it would have', (res) => res.json({ results: [] })],
      ['an error of its own', (res) => res.status(499).end()],
    ])(
      'what a handler says once its client has left is %s: one of those who wait leads the others',
      async (_what, cut) => {
        const { served, release, running, runs } = await held({}, (res, run) =>
          run === 1 ? cut(res) : res.json({ results: [1, 2] }),
        );
        const left = gate();
        const leader = served.leave('/', left.opened);
        await running();
        const followers = [served.ask('/'), served.ask('/')];
        for (let wait = 0; wait < 50; wait++) await turn();
        expect(runs()).toBe(1);
        left.open();
        await leader;
        while (runs() === 1) await turn();
        release.open();
        for (const { text } of await Promise.all(followers)) expect(text).toBe('{"results":[1,2]}');
        expect(runs()).toBe(2);
        expect(await served.ask('/')).toMatchObject({
          text: '{"results":[1,2]}',
          cache: expect.stringContaining('hit'),
        });
      },
    );

    it('for those who waited and have left the handler is not run', async () => {
      const { served, release, running, runs, ...until } = await held({}, (res) =>
        res.set('Cache-Control', 'no-store').send('x'),
      );
      const leader = served.ask('/');
      await running();
      const left = gate();
      const followers = [served.leave('/', left.opened), served.leave('/', left.opened)];
      await until.arrived(3);
      left.open();
      await Promise.all(followers);
      await until.left(2);
      release.open();
      expect((await leader).text).toBe('x');
      for (let wait = 0; wait < 50; wait++) await turn();
      expect(runs()).toBe(1);
    });

    it.each<[string, (res: import('express').Response) => unknown]>([
      ['destroyed', (res) => res.destroy()],
      ['the end of a pipeline that fails', (res) => pipeline(createReadStream('/nowhere'), res).catch(() => undefined)],
    ])('nobody waits for a response that is %s before its head', async (_what, fail) => {
      let runs = 0;
      const release = gate();
      const app = express();
      app.get('/', cached(), async (_req, res) => {
        if (++runs > 1) return void res.send('own');
        await release.opened;
        fail(res);
      });
      const { ask } = await serve(app);
      const leader = ask('/').catch(() => 'cut off');
      while (runs === 0) await turn();
      const follower = ask('/');
      for (let wait = 0; wait < 50; wait++) await turn();
      release.open();
      expect(await leader).toBe('cut off');
      expect((await follower).text).toBe('own');
    });

    it('nobody waits for a response whose head was sent before its route', async () => {
      let runs = 0;
      const app = express();
      app.use((_req, res, next) => {
        res.flushHeaders();
        next();
      });
      app.get('/', cached(), (_req, res) => res.end(`run ${++runs}`));
      const { ask } = await serve(app);
      expect((await ask('/')).text).toBe('run 1');
      expect((await ask('/')).text).toBe('run 2');
    });

    it('a client that reads slowly keeps nobody waiting', async () => {
      let runs = 0;
      const app = express();
      app.get('/', cached({ maxBodyBytes: 50_000_000 }), async (_req, res) => {
        runs++;
        await pipeline(Readable.from(Array.from({ length: 300 }, () => Buffer.alloc(100_000))), res);
      });
      const { ask, port } = await serve(app);
      const slow = connect(port, '127.0.0.1');
      onTestFinished(() => void slow.destroy());
      slow.pause();
      slow.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      while (runs === 0) await turn();
      const follower = await ask('/');
      expect(follower.body.length).toBe(30_000_000);
      expect(runs).toBe(1);
    });

    it('who was answered by a timeout middleware is left alone', async () => {
      let runs = 0;
      let waits = 0;
      const release = gate();
      const timeout = gate();
      const app = express();
      app.use((req, res, next) => {
        if (req.get('x-timeout')) void timeout.opened.then(() => res.status(503).end(Buffer.alloc(20_000_000)));
        waits++;
        next();
      });
      app.get('/', cached(), async (_req, res) => {
        runs++;
        await release.opened;
        res.send('x');
      });
      const { ask } = await serve(app);
      const leader = ask('/');
      while (runs === 0) await turn();
      const late = ask('/', { headers: { 'x-timeout': '1' } });
      while (waits === 1) await turn();
      for (let wait = 0; wait < 5; wait++) await turn();
      timeout.open();
      await timeout.opened;
      release.open();
      expect((await leader).text).toBe('x');
      expect((await late).body.length).toBe(20_000_000);
      expect(runs).toBe(1);
    });

    it('an empty end of a handler whose client left is not stored', async () => {
      const { served, release, running } = await held({}, (res, run) =>
        res.status(200).end(run === 1 ? undefined : 'whole'),
      );
      await served.leave('/', running());
      for (let wait = 0; wait < 50; wait++) await turn();
      release.open();
      expect((await served.ask('/')).text).toBe('whole');
    });

    it('a stream cut off by its client is not stored, and nobody waits for it', async () => {
      let runs = 0;
      const begun = gate();
      const app = express();
      app.get('/', cached(), (_req, res) => {
        if (++runs > 1) return void res.end('whole');
        res.write('half');
        begun.open();
        res.on('close', () => res.end()); // as if that were all
      });
      const { ask, leave } = await serve(app);
      await leave('/', begun.opened);
      expect((await ask('/')).text).toBe('whole');
      expect((await ask('/')).text).toBe('whole');
    });

    it('a body shorter than its Content-Length is not stored', async () => {
      let runs = 0;
      const app = express();
      app.get('/', cached(), (_req, res) => {
        runs++;
        res.writeHead(200, { 'Content-Length': '10' });
        res.write('half');
        res.socket?.destroy();
      });
      const { ask } = await serve(app);
      await expect(ask('/')).rejects.toThrow();
      await expect(ask('/')).rejects.toThrow();
      expect(runs).toBe(2);
    });

    it('nobody waits for a handler beyond `timeout`', async () => {
      const clock = new FakeClock();
      const cache = createCache({ types: {}, logger: false });
      const { served, release, running, runs } = await held({ cache, clock, timeout: '5s' }, (res, run) =>
        res.send(`run ${run}`),
      );
      const leader = served.ask('/');
      await running();
      const follower = served.ask('/');
      for (let wait = 0; wait < 50; wait++) await turn();
      expect(runs()).toBe(1);
      await clock.advance(5_000);
      while (runs() === 1) await turn();
      release.open();
      expect([(await leader).text, (await follower).text]).toEqual(['run 1', 'run 2']);
    });
  });

  describe('dropping', () => {
    const counted = (paths: readonly string[], more: Partial<CacheResponseOptions> = {}) => {
      const cache = newCache();
      const runs = new Map<string, number>();
      const app = express();
      const route = cached({ cache, ...more });
      for (const path of paths) {
        app.all(path, route, (req, res) => {
          if (req.method !== 'GET')
            return void res
              .status(Number(req.headers['x-status'] ?? 204))
              .set(JSON.parse(String(req.headers['x-set'] ?? '{}')))
              .end();
          const run = (runs.get(req.originalUrl) ?? 0) + 1;
          runs.set(req.originalUrl, run);
          res.set('Surrogate-Key', `lead:${req.params['id']} leads`).set('Cache-Tag', 'crm, eu').send(`run ${run}`);
        });
      }
      return { app, cache };
    };
    const isHit = async ({ ask }: Served, path: string) => (await ask(path)).cache.startsWith('hit');

    it('tags of the headers and of the option drop responses, and are not sent', async () => {
      const { app, cache } = counted(['/leads/:id'], { tags: (req) => [`path:${req.params['id']}`] });
      const served = await serve(app);
      for (const tag of ['lead:42', 'leads', 'crm', 'eu', 'path:42']) {
        const { headers } = await served.ask('/leads/42');
        expect(headers['surrogate-key'] ?? headers['cache-tag']).toBeUndefined();
        expect(await isHit(served, '/leads/42'), tag).toBe(true);
        await cache.invalidateTags([tag]);
        expect(await isHit(served, '/leads/42'), tag).toBe(false);
      }
      await cache.invalidateTags(['lead:7']);
      expect(await isHit(served, '/leads/42')).toBe(true);
    });

    it('does not store a response with more tags than can be kept', async () => {
      const app = express();
      app.get('/', cached(), (_req, res) =>
        res.set('Cache-Tag', Array.from({ length: 129 }, (_tag, index) => `t${index}`).join(',')).send('x'),
      );
      const { ask } = await serve(app);
      expect((await ask('/')).cache).toContain('detail=tags');
    });

    it('an unsafe method that succeeds drops its path, whatever the query, before its answer ends', async () => {
      const served = await serve(counted(['/leads/:id']).app);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'LOCK']) {
        for (const path of ['/leads/42', '/leads/42?full=1', '/leads/7']) await served.ask(path);
        await served.ask('/leads/42', { method });
        expect(await isHit(served, '/leads/42'), method).toBe(false);
        expect(await isHit(served, '/leads/42?full=1'), method).toBe(false);
        expect(await isHit(served, '/leads/7'), method).toBe(true);
      }
    });

    it('one that fails drops nothing; Location and Content-Location of this host are dropped too', async () => {
      const served = await serve(counted(['/leads/:id', '/list']).app);
      const post = (status: string, set = '{}') =>
        served.ask('/leads/1', { method: 'POST', headers: { 'x-status': status, 'x-set': set } });
      await served.ask('/leads/1');
      await served.ask('/list');
      await post('400');
      await post('500');
      expect(await isHit(served, '/leads/1')).toBe(true);
      await post('303', '{"Location":"http://elsewhere.example/list"}');
      expect(await isHit(served, '/list')).toBe(true);
      await post('303', '{"Location":"/list"}');
      expect(await isHit(served, '/list')).toBe(false);
      await post('200', `{"Content-Location":"http://127.0.0.1:${served.port}/list"}`);
      expect(await isHit(served, '/list')).toBe(false);
    });

    it('a response that runs while its tag is invalidated is not stored', async () => {
      const cache = newCache();
      const release = gate();
      let runs = 0;
      const app = express();
      app.get('/', cached({ cache }), async (_req, res) => {
        runs++;
        await release.opened;
        res.set('Cache-Tag', 'a').send('x');
      });
      const { ask } = await serve(app);
      const first = ask('/');
      while (runs === 0) await turn();
      await cache.invalidateTags(['a']);
      release.open();
      await first;
      await settle();
      expect((await ask('/')).cache).toContain('fwd');
    });
  });

  describe('a cache in trouble', () => {
    it('a dead store: the handler answers every request, and nothing is thrown', async () => {
      const store = memoryStore();
      const gone = () => Promise.reject(new Error('the store is gone'));
      Object.assign(store, { read: gone, lease: gone, fill: gone, release: gone, invalidate: gone, report: gone });
      let runs = 0;
      const app = express();
      app.all('/', cached({ cache: createCache({ types: {}, store, logger: false }) }), (_req, res) =>
        res.send(`run ${++runs}`),
      );
      const { ask } = await serve(app);
      for (let run = 1; run <= 5; run++) expect(await ask('/')).toMatchObject({ status: 200, text: `run ${run}` });
      expect((await ask('/', { method: 'POST' })).status).toBe(200);
      expect((await ask('/', { method: 'HEAD' })).status).toBe(200);
    });

    it('a cache that is not enabled, a schema that throws, tags that throw: the handler answers', async () => {
      const app = express();
      const throwing = {
        '~standard': {
          version: 1 as const,
          vendor: 'test',
          validate: () => {
            throw new Error('broken');
          },
        },
      };
      app.get('/off', cached({ cache: createCache({ types: {}, enabled: false, logger: false }) }), (_req, res) =>
        res.send('ok'),
      );
      app.get('/schema', cached({ query: throwing }), (_req, res) => res.send('ok'));
      app.get(
        '/tags',
        cached({
          tags: () => {
            throw new Error('broken');
          },
        }),
        (_req, res) => res.send('ok'),
      );
      app.get('/body', cached(), (_req, res) => res.send('ok'));
      const { ask } = await serve(app);
      for (const path of ['/off', '/schema', '/tags']) {
        expect(await ask(path)).toMatchObject({ status: 200, text: 'ok' });
        expect(await ask(path)).toMatchObject({
          status: 200,
          text: 'ok',
          cache: expect.stringContaining('fwd=') as string,
        });
      }
      const withBody = await ask('/body', { body: 'x', headers: { 'content-length': '1' } });
      expect(withBody.cache).toBe('fwd=bypass; detail=body');
    });
  });

  it.each([
    [false, 1],
    [true, 0],
  ])('with local copies: %s, a hit is %s reads of the store', async (local, reads) => {
    const store = memoryStore();
    let asked = 0;
    const read = store.read.bind(store);
    store.read = (...args) => {
      asked++;
      return read(...args);
    };
    const cache = createCache({ types: { http: responseType() }, store, local, logger: false });
    const app = express();
    app.get('/', cached({ cache, tags: () => ['a'] }), (_req, res) => res.send('x'));
    const { ask } = await serve(app);
    for (let warm = 0; warm < 3; warm++) await ask('/');
    asked = 0;
    expect((await ask('/')).cache).toContain('hit');
    expect(asked).toBe(reads);
    await cache.invalidateTags(['a']);
    expect((await ask('/')).cache).toContain('fwd');
  });

  it('of two on the way of a request the first one caches', async () => {
    const cache = newCache();
    const app = express();
    app.use(cached({ cache, query: ['q'] }));
    app.get('/', cached({ cache }), (_req, res) => res.send('once'));
    const { ask } = await serve(app);
    expect((await ask('/')).cache).toBe('fwd=uri-miss; fwd-status=200; stored');
    expect((await ask('/?x=1')).cache).toContain('hit');
  });

  it('keep-alive: one connection serves miss, hit and 304 one after the other', async () => {
    const app = express();
    app.get('/', cached(), (_req, res) => res.send('body'));
    const { port } = await serve(app);
    const { Agent } = await import('node:http');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ask = (headers: Record<string, string>) =>
      new Promise<string>((resolve, reject) => {
        request({ port, host: '127.0.0.1', agent, headers }, (incoming) => {
          let text = `${incoming.statusCode} `;
          incoming.on('data', (chunk: Buffer) => {
            text += chunk.toString();
          });
          incoming.on('end', () => resolve(text));
        })
          .on('error', reject)
          .end();
      });
    expect([await ask({}), await ask({}), await ask({ 'if-none-match': '*' }), await ask({})]).toEqual([
      '200 body',
      '200 body',
      '304 ',
      '200 body',
    ]);
  });
});
