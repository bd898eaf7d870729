import { createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

describe.each(VERSIONS)('an app that is mounted behind the cache, on %s', (_name, express) => {
  const cached = () => cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' });
  const serveBoth = async (make: (first: RequestHandler) => ReturnType<typeof express>) => [
    await serve(make((_req, _res, next) => next())),
    await serve(make(cached())),
  ];

  it('read a query in another order with a parser of its own', async () => {
    const [bare, behind] = await serveBoth((first) => {
      const inner = express();
      inner.set('query parser', (text: string) => Object.fromEntries([text.split('&', 1)[0]?.split('=') ?? []]));
      inner.get('/x', (req, res) => void res.json(Object.entries(req.query).sort()));
      return express().use(first).use('/inner', inner);
    });
    for (const path of ['/inner/x?b=1&a=2', '/inner/x?a=2&b=1', '/inner/x?b=1&a=2'])
      expect((await behind?.ask(path))?.text).toBe((await bare?.ask(path))?.text);
  });

  it('had the properties of the outer one', async () => {
    const [bare, behind] = await serveBoth((first) => {
      const inner = express();
      Object.defineProperty(inner.request, 'hostname', { configurable: true, get: () => 'of the inner app' });
      inner.get('/x', (req, res) => void res.send(req.hostname));
      return express().use(first).use('/inner', inner);
    });
    for (const _ of ['first', 'second'])
      expect((await behind?.ask('/inner/x'))?.text).toBe((await bare?.ask('/inner/x'))?.text);
  });
});
