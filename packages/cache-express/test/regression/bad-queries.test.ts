import { createCache } from '@huntly/cache-core';
import type { NextFunction, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BadQueryError, cacheResponse, type StandardSchema } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** A schema that refuses everything with these issues. */
const refusing = (issues: readonly object[]) =>
  ({ '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } }) as unknown as StandardSchema;

describe.each(VERSIONS)('a bad query names its parameters, on %s', (_name, express) => {
  async function refused(query: StandardSchema, url: string) {
    const app = express();
    const cache = createCache({ types: {}, logger: false });
    app.get('/', cacheResponse({ cache, ttl: '5m', query }), (_req, res) => res.send('never'));
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      if (error instanceof BadQueryError) res.status(error.status).send(error.message);
    });
    const { ask } = await serve(app);
    const { status, text } = await ask(url);
    expect(status).toBe(400);
    return text;
  }

  it('of zod, each of them, without what stands there', async () => {
    const query = z.object({ page: z.coerce.number(), q: z.string().min(3) });
    const text = await refused(query, '/?page=secret&q=ab');
    expect(text).toMatch(/^Bad query: page: Invalid input: .*; q: Too small: /);
    expect(text).not.toContain('secret');
  });

  it('of any Standard Schema: nested, with parts as objects, without a path', async () => {
    const issues = [
      { message: 'is wrong', path: ['filter', { key: 'countries' }, 0] },
      { message: 'is missing', path: [] },
      { message: 'is odd' },
    ];
    expect(await refused(refusing(issues), '/')).toBe('Bad query: filter.countries.0: is wrong; is missing; is odd');
    expect(await refused(refusing([]), '/')).toBe('Bad query: refused');
  });

  it('however many there are, in few words', async () => {
    const issues = Array.from({ length: 1_000 }, (_, at) => ({ message: 'no', path: [`${at}${'x'.repeat(1_000)}`] }));
    expect((await refused(refusing(issues), '/')).length).toBeLessThan(1_000);
  });
});
