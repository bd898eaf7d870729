import { createCache } from '@huntly/cache-core';
import type { ErrorRequestHandler, Request } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

/** Nothing came of a request, or the process ended. */
describe.each(VERSIONS)('a request was never answered, on %s', (_name, express) => {
  const cached = (more: Partial<CacheResponseOptions> = {}) =>
    cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '5m', ...more });
  /** What would end the process. */
  const rejections = () => {
    const seen: unknown[] = [];
    const note = (error: unknown) => seen.push(error);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    return seen;
  };
  const turns = async () => {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  };

  it.each([
    ['fixed', { writable: true, enumerable: true, configurable: false }, 'hit'],
    ['frozen', { writable: false, enumerable: true, configurable: false }, 'fwd=bypass; detail=uncacheable'],
  ] as const)('whose query was %s', async (_what, kind, said) => {
    const seen = rejections();
    const app = express();
    app.use((req, _res, next) => {
      Object.defineProperty(req, 'query', { ...kind, value: req.query });
      next();
    });
    app.get('/', cached(), (req, res) => res.json(req.query));
    app.get('/listed', cached({ query: ['a'] }), (req, res) => res.json(req.query));
    const { ask } = await serve(app);
    for (const again of [1, 2]) expect((await ask('/?a=1&b=2')).text, String(again)).toBe('{"a":"1","b":"2"}');
    expect((await ask('/?a=1&b=2', { method: 'HEAD' })).status).toBe(200);
    expect((await ask('/?a=1&b=2')).cache).toContain(said);
    if (said === 'hit') expect((await ask('/listed?a=1&b=2')).text).toBe('{"a":"1"}');
    expect(seen).toEqual([]);
  });

  it('whose query its parser refused', async () => {
    const seen = rejections();
    const app = express();
    app.set('query parser', (text: string | null) => {
      if (text?.includes('deep')) throw Object.assign(new RangeError('too deep'), { status: 400 });
      return {};
    });
    app.get('/', cached(), (req, res) => res.json(req.query));
    const refuse: ErrorRequestHandler = (error: { status: number }, _req, res, _next) => {
      res.statusCode = error.status; // Express 4 parses the query before it has made this its response
      res.end('refused');
    };
    app.use(refuse);
    const { ask } = await serve(app);
    for (const method of ['GET', 'HEAD', 'GET']) expect((await ask('/?deep=1', { method })).status).toBe(400);
    expect((await ask('/')).text).toBe('{}');
    expect(seen).toEqual([]);
  });

  it('whose head was sent before its route', async () => {
    const seen = rejections();
    const app = express();
    app.use((_req, res, next) => {
      res.write('early ');
      next();
    });
    app.get('/', cached(), (_req, res) => res.end('late'));
    const { ask } = await serve(app);
    for (const headers of [{}, { cookie: 'a=1' }, {}] as Record<string, string>[])
      expect((await ask('/', { headers })).text).toBe('early late');
    expect(seen).toEqual([]);
  });

  it.each<[string, object, string]>([
    ['for a schema that threw', {}, '/'],
    ['for a client that wanted a stored response only', { 'cache-control': 'only-if-cached' }, '/ok'],
  ])('when another had answered it who had waited too long, %s', async (_what, headers, path) => {
    const seen = rejections();
    const answered = gate();
    const validate = async (value: unknown) => {
      await answered.opened;
      if (path === '/') throw new Error('no database');
      return { value };
    };
    const query = { '~standard': { version: 1, vendor: 'x', validate } } as const;
    const app = express();
    app.use((_req, res, next) => {
      setImmediate(() => {
        res.status(503).end('timeout');
        answered.open();
      });
      next();
    });
    app.get(path, cached({ query, clientDirectives: 'honour' }), (req: Request, res) => {
      if (!res.headersSent) res.end(`late ${req.url}`);
    });
    const { ask } = await serve(app);
    expect(await ask(path, { headers: { ...headers } as Record<string, string> })).toMatchObject({
      status: 503,
      text: 'timeout',
    });
    await turns();
    expect(seen).toEqual([]);
  });
});
