import { createCache } from '@huntly/cache-core';
import type { Request, RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** As validators do, on Express 4 and on 5. */
function replaceQuery(req: Request, value: unknown): void {
  Object.defineProperty(req, 'query', { value, writable: true, enumerable: true, configurable: true });
}

const STEPS: Record<string, RequestHandler> = {
  'reads the address of the client': (req, _res, next) => next(typeof req.ip === 'string' ? undefined : 'route'),
  'sends its head': (_req, res, next) => {
    res.flushHeaders();
    next();
  },
  'writes a piece': (_req, res, next) => {
    res.write(' ');
    next();
  },
};

describe.each(VERSIONS)('what a handler has put on its request, on %s', (_name, express) => {
  const change: RequestHandler = (req, _res, next) => {
    replaceQuery(req, { page: Number(req.query['page']) });
    req.url = '/rewritten?by=handler';
    req.headers = { ...req.headers, 'x-handler': 'set' };
    next();
  };
  const show: RequestHandler = (req, res) =>
    void res.end(JSON.stringify([req.query, req.url, req.headers['x-handler']]));

  it.each(Object.entries(STEPS))('was gone after it %s', async (_step, step) => {
    const app = express();
    const bare = express();
    app.get('/x', cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' }), change, step, show);
    bare.get('/x', change, step, show);
    const { text } = await (await serve(bare)).ask('/x?page=2');
    expect(text).toContain('[{"page":2},"/rewritten?by=handler","set"]');
    const { ask } = await serve(app);
    for (const _ of ['first', 'second']) expect((await ask('/x?page=2')).text).toBe(text);
  });
});
