import { createCache } from '@huntly/cache-core';
import express from 'express';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { cacheResponse } from '../src/index.ts';

const cache = createCache({ types: {}, logger: false });
const app = express();

describe('types', () => {
  it('of `req.query` are what the schema makes of the query', () => {
    const schema = z.object({ q: z.string(), page: z.coerce.number().default(1) });
    app.get('/search', cacheResponse({ cache, query: schema }), (req) => {
      expectTypeOf(req.query).toEqualTypeOf<{ q: string; page: number }>();
    });
    app.get('/leads/:id', cacheResponse({ cache, query: schema }), (req) => {
      expectTypeOf(req.params['id']).toExtend<string | string[] | undefined>();
      expectTypeOf(req.query.page).toEqualTypeOf<number>();
    });
  });

  it('of a route with handlers that are typed otherwise are those of Express', () => {
    const schema = z.object({ page: z.coerce.number() });
    const before: express.RequestHandler = (_req, _res, next) => next();
    app.get('/search', before, cacheResponse({ cache, query: schema }), (req) => {
      expectTypeOf(req.query).toEqualTypeOf<express.Request['query']>();
    });
    app.use(cacheResponse({ cache, query: schema }));
  });

  it('of a route without a schema are those of Express', () => {
    app.get('/leads/:id', cacheResponse({ cache, query: ['q'] }), (req) => {
      expectTypeOf(req.params['id']).toExtend<string | string[] | undefined>();
      expectTypeOf(req.query).toEqualTypeOf<express.Request['query']>();
    });
    app.use(cacheResponse({ cache, ttl: '1m' }));
  });
});
