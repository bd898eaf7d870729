import { createServer as createHttpServer } from 'node:http';
import {
  connect,
  createServer,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createCache, type Logger } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { send } from '../support/send.ts';
import { type ExpressModule, VERSIONS } from '../support/serve.ts';

type App = ReturnType<ExpressModule>;

/**
 * The prototypes of Express over those of the compatibility API of HTTP/2, as users of it do it: Express puts
 * `app.request` under each request, and its own ones end in those of HTTP/1.
 */
function bridged(app: App, express: ExpressModule): App {
  const over = (target: object, under: object) => {
    const bridge = Object.create(
      under,
      Object.getOwnPropertyDescriptors(Object.getPrototypeOf(target) as object),
    ) as object;
    Object.setPrototypeOf(target, bridge);
  };
  expect(Object.getPrototypeOf(app.request)).toBe(express.request);
  over(app.request, Http2ServerRequest.prototype);
  over(app.response, Http2ServerResponse.prototype);
  return app;
}

/** Each cached route answered 500: nobody can set a header, or take one away, on a request of HTTP/2. */
describe.each(VERSIONS)('over HTTP/2, on %s', (_name, express) => {
  function make(more: Partial<CacheResponseOptions> = {}) {
    const warn = vi.fn();
    const logger: Logger = { debug() {}, info() {}, warn, error() {} };
    const cache = createCache({ types: {}, logger });
    return { cached: cacheResponse({ cache, ttl: '5m', ...more }), warn, cache };
  }

  async function open(app: App) {
    const server = createServer(app as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(async () => {
      session.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    });
    const ask = (path: string, headers: OutgoingHttpHeaders = {}) =>
      new Promise<{ status: number | undefined; text: string; cache: string }>((resolve, reject) => {
        const stream = session.request({ ':path': path, ...headers });
        let answer: IncomingHttpHeaders & { ':status'?: number | undefined } = {};
        let text = '';
        stream.on('response', (headers) => {
          answer = headers;
        });
        stream.setEncoding('utf8').on('data', (part: string) => {
          text += part;
        });
        stream.on('end', () => resolve({ status: answer[':status'], text, cache: String(answer['cache-status']) }));
        stream.on('error', reject);
        stream.end();
      });
    return { ask, port };
  }
  const counting = (): RequestHandler => {
    let runs = 0;
    return (req, res) => void res.json({ run: ++runs, q: req.query['q'], agent: req.headers['user-agent'] });
  };

  it.each<[string, Partial<CacheResponseOptions>]>([
    ['as it is', {}],
    ['shared, with a list of parameters and a header', { shared: true, query: ['q'], vary: ['user-agent'] }],
    ['per user', { identity: (req) => req.get('authorization'), secret: 'a secret of more than 16' }],
    ['with a grace', { grace: '1m' }],
  ])('a request is passed by, and its handler sees all of it: %s', async (_how, options) => {
    const { cached, warn } = make(options);
    const app = bridged(express(), express);
    app.get('/leads', cached, counting());
    const { ask } = await open(app);
    for (const run of [1, 2]) {
      expect(await ask('/leads?q=a', { 'user-agent': 'me' })).toEqual({
        status: 200,
        text: JSON.stringify({ run, q: 'a', agent: 'me' }),
        cache: 'huntly; fwd=bypass; detail=protocol',
      });
    }
    expect((await ask('/leads?q=a', { ':method': 'HEAD' })).status).toBe(200);
    expect(warn).not.toHaveBeenCalled();
  });

  it('a middleware before everything passes by too, and what was not found is not found', async () => {
    const app = bridged(express(), express);
    app.use(make({ shared: true }).cached);
    app.get('/leads', counting());
    const { ask } = await open(app);
    expect((await ask('/leads')).status).toBe(200);
    expect((await ask('/none')).status).toBe(404);
  });

  it('a method that changes something drops what was stored over HTTP/1.1', async () => {
    const { cached } = make();
    const leads = counting();
    const routes = (app: App) => {
      app
        .route('/leads')
        .all(cached)
        .get(leads)
        .post((_req, res) => void res.sendStatus(204));
      app.post('/searches', cached, (_req, res) => void res.location('/leads').sendStatus(204));
      return app;
    };
    const plain = createHttpServer(routes(express()));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void plain.close(() => resolve())));
    const { port } = plain.address() as AddressInfo;
    const get = () => send(port, '/leads', { headers: { host: 'one.example' } });
    await get();
    expect((await get()).cache).toContain('hit');
    const { ask } = await open(bridged(routes(express()), express));
    const post = await ask('/leads', { ':method': 'POST', ':authority': 'one.example:444' });
    expect(post).toMatchObject({ status: 204, cache: 'huntly; fwd=method' });
    expect((await get()).text).toBe('{"run":2}');
    await ask('/searches', { ':method': 'POST', ':authority': 'one.example:444' });
    expect((await get()).text).toBe('{"run":3}');
  });
});
