import { randomBytes, randomUUID } from 'node:crypto';
import { createCache, type Logger } from '@huntly/cache-core';
import compression from 'compression';
import type { Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import helmet from 'helmet';
import { describe, expect, it, vi } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { hooking } from '../support/hooks.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

type Handler = (req: Request, res: Response) => unknown;

describe.each(VERSIONS)('on %s', (_name, express) => {
  /** A route with something before it. */
  function route(before: readonly RequestHandler[], handler: Handler, more: Partial<CacheResponseOptions> = {}) {
    const warn = vi.fn();
    const logger: Logger = { debug() {}, info() {}, warn, error() {} };
    const app = express();
    for (const middleware of before) app.use(middleware);
    let runs = 0;
    app.get('/', cacheResponse({ cache: createCache({ types: {}, logger }), ttl: '1m', ...more }), (req, res) => {
      runs++;
      handler(req, res);
    });
    return { serve: () => serve(app), warn, runs: () => runs };
  }

  it('a session that the handler began was given to the next visitor', async () => {
    const sessions = session({ secret: 'a secret', resave: false, saveUninitialized: false });
    const { serve, runs } = route(
      [sessions],
      (req, res) => {
        const mine = req.session as unknown as { csrf: string };
        mine.csrf = randomUUID();
        res.send(`<input name="csrf" value="${mine.csrf}">`);
      },
      { clientTtl: '5m' },
    );
    const { ask } = await serve();
    const [first, second] = [await ask('/'), await ask('/')];
    expect(first.cache).toBe('fwd=uri-miss; fwd-status=200; detail=set-cookie');
    expect(first.headers['set-cookie']).toHaveLength(1);
    // Caches behind would store it for all.
    expect(first.headers['cache-control'] ?? '').not.toContain('public');
    expect(second.text).not.toBe(first.text);
    expect(runs()).toBe(2);
  });

  it.each<[string, (res: Response) => void, string]>([
    ['a cookie', (res) => void res.appendHeader('Set-Cookie', 'a=b'), 'set-cookie'],
    ['res.cookie', (res) => void res.cookie('a', 'b'), 'set-cookie'],
    ['`private`', (res) => void res.setHeader('Cache-Control', 'private'), 'cache-control'],
    ['`no-store` for caches', (res) => void res.setHeader('CDN-Cache-Control', 'no-store'), 'cache-control'],
    ['a Vary', (res) => void res.vary('Cookie'), 'vary'],
    ['another status', (res) => void res.status(200), ''],
  ])('%s of a hook below was not looked at', async (_what, hook, detail) => {
    for (const handler of [
      (_req: Request, res: Response) => res.send('x'),
      (_req: Request, res: Response) => [res.write('x'), res.end('y')],
      (_req: Request, res: Response) => res.writeHead(200, { 'X-A': '1' }).end('x'),
      (_req: Request, res: Response) => [res.flushHeaders(), res.end('x')],
    ]) {
      const { serve, runs } = route([hooking(hook)], handler);
      const { ask } = await serve();
      const first = await ask('/');
      await ask('/');
      expect(runs()).toBe(detail === '' ? 1 : 2);
      if (detail === '') continue;
      expect(first.cache).toContain(`detail=${detail}`);
      if (detail === 'cache-control') continue;
      expect(first.headers['cache-control']).toBeUndefined();
    }
  });

  it('a status that a hook below gave was not looked at', async () => {
    const below: RequestHandler = (_req, res, next) => {
      const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
      res.writeHead = ((_status: number, ...args: unknown[]) => writeHead(503, ...args)) as typeof res.writeHead;
      next();
    };
    const { serve, runs } = route([below], (_req, res) => res.send('x'));
    const { ask } = await serve();
    expect((await ask('/')).status).toBe(503);
    await ask('/');
    expect(runs()).toBe(2);
  });

  it('those who waited for a session of somebody else run on their own', async () => {
    const held = gate();
    const cookie = hooking((res) => void res.setHeader('Set-Cookie', `id=${randomUUID()}`));
    const { serve, runs } = route([cookie], async (_req, res) => {
      await held.opened;
      res.send(randomUUID());
    });
    const { ask } = await serve();
    const asked = [ask('/'), ask('/'), ask('/')];
    while (runs() === 0) await new Promise((resolve) => setImmediate(resolve));
    held.open();
    const texts = (await Promise.all(asked)).map(({ text }) => text);
    expect(new Set(texts).size).toBe(3);
  });

  it('compression, CORS and times of hooks below keep nothing from being stored', async () => {
    let times = 0;
    const { serve, runs } = route(
      [
        hooking((res) => void res.setHeader('X-Response-Time', `${++times}.123456789ms`)),
        hooking((res) => void res.vary('Origin')),
        compression({ threshold: 0 }),
      ],
      (_req, res) => res.type('text').send('x'.repeat(2_000)),
    );
    const { ask } = await serve();
    await ask('/', { headers: { 'accept-encoding': 'gzip' } });
    const hit = await ask('/');
    expect(hit).toMatchObject({ text: 'x'.repeat(2_000), headers: { 'x-response-time': '2.123456789ms' } });
    expect(hit.cache).toContain('hit');
    expect((await ask('/', { headers: { 'accept-encoding': 'gzip' } })).headers['content-encoding']).toBe('gzip');
    expect(runs()).toBe(1);
  });

  it('a time of a response that stands before its handler is not that of a hit', async () => {
    const { serve } = route([], (_req, res) => res.set('X-Response-Time', '812ms').send('x'));
    const { ask } = await serve();
    expect((await ask('/')).headers['x-response-time']).toBe('812ms');
    expect((await ask('/')).headers['x-response-time']).toBeUndefined();
  });

  describe('what a body repeats of a header of its request', () => {
    const nonce: RequestHandler = (_req, res, next) => {
      res.locals['nonce'] = randomBytes(16).toString('base64');
      next();
    };
    const policy = helmet({
      contentSecurityPolicy: {
        directives: { scriptSrc: ["'self'", (_req, res) => `'nonce-${(res as Response).locals['nonce'] as string}'`] },
      },
    });
    const page: Handler = (_req, res) => res.send(`<script nonce="${res.locals['nonce'] as string}">start()</script>`);
    const given = (name: string, make: () => string): RequestHandler => {
      return (_req, res, next) => {
        res.locals['value'] = make();
        res.setHeader(name, res.locals['value'] as string);
        next();
      };
    };
    const repeating: Handler = (_req, res) => res.send(`<p>${res.locals['value'] as string}</p>`);

    it.each<[string, Handler, Partial<CacheResponseOptions>]>([
      ['at once', page, {}],
      [
        'in pieces',
        (_req, res) => {
          res.write(`<script nonce="${res.locals['nonce'] as string}">`);
          res.end('start()</script>');
        },
        {},
      ],
    ])('a page with the nonce of helmet was sent with another policy, %s', async (_how, handler, more) => {
      const { serve, runs, warn } = route([nonce, policy as RequestHandler], handler, more);
      const { ask } = await serve();
      for (let visit = 1; visit <= 3; visit++) {
        const { text, headers } = await ask('/');
        const [, seen = ''] = /nonce="([^"]+)"/.exec(text) ?? [];
        expect(headers['content-security-policy']).toContain(`'nonce-${seen}'`);
        expect(runs()).toBe(visit);
      }
      expect(warn.mock.calls).toEqual([
        [{ header: 'content-security-policy' }, expect.stringContaining('set that header after cacheResponse')],
      ]);
    });

    it('was not seen where the body is compressed before it is stored', async () => {
      const warn = vi.fn();
      const cache = createCache({ types: {}, logger: { debug() {}, info() {}, warn, error() {} } });
      const app = express();
      app.use(nonce, policy as RequestHandler);
      const cached = cacheResponse({ cache, ttl: '1m', vary: ['accept-encoding'] });
      app.get('/', cached, compression({ threshold: 0 }), (req, res) => void page(req, res));
      const { ask } = await serve(app);
      for (const encoding of ['gzip', 'br', 'deflate', 'gzip']) {
        const answer = await ask('/', { headers: { 'accept-encoding': encoding } });
        expect(answer.headers['content-encoding']).toBe(encoding);
        expect(answer.cache).not.toContain('hit');
      }
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it('a page without the nonce is stored, and each visitor has a policy of his own', async () => {
      const { serve, runs, warn } = route([nonce, policy as RequestHandler], (_req, res) =>
        res.send('default-src and script-src-attr stand in the policy as well'),
      );
      const { ask } = await serve();
      const policies = [await ask('/'), await ask('/')].map(({ headers }) => headers['content-security-policy']);
      expect(new Set(policies).size).toBe(2);
      expect(runs()).toBe(1);
      expect(warn).not.toHaveBeenCalled();
    });

    it.each<[string, () => string]>([
      ['X-Request-Id', () => randomUUID()],
      ['X-Correlation-ID', () => randomBytes(4).toString('hex')],
      ['X-CSRF-Token', () => randomBytes(18).toString('base64url')],
      ['Set-Cookie', () => `XSRF-TOKEN=${randomBytes(9).toString('base64url')}; HttpOnly; SameSite=Strict`],
      ['X-Visit', () => `visit-${randomBytes(2).toString('hex')}`],
    ])('%s was sent to the next visitor in the body of the first', async (name, make) => {
      const { serve, runs, warn } = route([given(name, make)], (_req, res) => {
        const value = (res.locals['value'] as string).replace(/^XSRF-TOKEN=|;.*$/g, '');
        res.send(`<p>${value}</p>`);
      });
      const { ask } = await serve();
      for (let visit = 1; visit <= 3; visit++) {
        const { text, headers } = await ask('/');
        expect(String(headers[name.toLowerCase()])).toContain(text.slice(3, -4));
        expect(runs()).toBe(visit);
      }
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it('a token that a hook below puts into the head was sent to the next visitor', async () => {
      let token = '';
      const below = hooking((res) => void res.setHeader('X-Anti-Forgery', token));
      const { serve, runs } = route([below], (_req, res) => {
        token = randomBytes(12).toString('hex');
        res.send(`<input value="${token}">`);
      });
      const { ask } = await serve();
      for (let visit = 1; visit <= 2; visit++) {
        const { text, headers } = await ask('/');
        expect(text).toContain(String(headers['x-anti-forgery']));
        expect(runs()).toBe(visit);
      }
    });

    it('a header of the request that the handler may see was sent to the next visitor in its body', async () => {
      const { serve, runs, warn } = route([], (req, res) => res.send(`trace ${req.get('x-trace')}`), {
        passHeaders: ['x-trace'],
      });
      const { ask } = await serve();
      const as = (trace: string) => ask('/', { headers: { 'x-trace': trace } });
      expect((await as('abcdefgh-1')).text).toBe('trace abcdefgh-1');
      expect((await as('abcdefgh-2')).text).toBe('trace abcdefgh-2');
      expect((await as('abcdefgh-1')).cache).toContain('hit');
      expect(runs()).toBe(2);
      expect(warn).toHaveBeenCalledTimes(1);
    });

    it('a header that is the same for all keeps nothing from being shared', async () => {
      const { serve, runs, warn } = route([given('X-App-Version', () => 'a1b2c3d4e5f6a7b8c9d0')], repeating);
      const { ask } = await serve();
      await ask('/');
      expect((await ask('/')).cache).toContain('hit');
      expect(runs()).toBe(1);
      expect(warn).not.toHaveBeenCalled();
    });

    it.each<[string, Handler]>([
      ['added to it', (_req, res) => res.append('X-Visit', 'more').send('x')],
      ['added to it as a text', (_req, res) => res.set('X-Visit', `${res.get('X-Visit')}, more`).send('x')],
      ['repeated it in another one', (_req, res) => res.set('Link', `</visits/${res.get('X-Visit')}>`).send('x')],
    ])('a header was sent to the next visitor where the handler %s', async (_how, handler) => {
      let visits = 0;
      const { serve, runs } = route([given('X-Visit', () => `visit-${++visits}`)], handler);
      const { ask } = await serve();
      for (let visit = 1; visit <= 3; visit++) {
        const { headers } = await ask('/');
        expect(`${headers['x-visit']} ${headers['link'] ?? ''}`).not.toContain(`visit-${visit - 1}`);
        expect(runs()).toBe(visit);
      }
      const same = route([given('X-Visit', () => 'the same for all')], handler);
      const { ask: again } = await same.serve();
      const [miss, hit] = [await again('/'), await again('/')];
      expect([hit.headers['x-visit'], hit.headers['link']]).toEqual([miss.headers['x-visit'], miss.headers['link']]);
      expect(same.runs()).toBe(1);
    });

    it('those who waited for such a page get their own', async () => {
      const held = gate();
      const { serve, runs } = route([given('X-Visit', () => randomUUID())], async (_req, res) => {
        await held.opened;
        res.send(String(res.locals['value']));
      });
      const { ask } = await serve();
      const asked = [ask('/'), ask('/'), ask('/')];
      while (runs() === 0) await new Promise((resolve) => setImmediate(resolve));
      held.open();
      for (const { text, headers } of await Promise.all(asked)) expect(text).toBe(headers['x-visit']);
    });
  });
});
