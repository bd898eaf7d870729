import { gzipSync } from 'node:zlib';
import { createCache } from '@huntly/cache-core';
import type { Request, RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

describe.each(VERSIONS)('what belongs to one message or one form is not shared, on %s', (_name, express) => {
  const cached = (more: Partial<CacheResponseOptions> = {}) =>
    cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m', ...more } as CacheResponseOptions);

  describe('a token of a form', () => {
    /** As csurf does it: a cookie, and a function that makes a token for it. */
    const tokens = (): RequestHandler => {
      let visitors = 0;
      return (req, res, next) => {
        const visitor = ++visitors;
        res.cookie('_csrf', `secret ${visitor}`);
        Object.assign(req, { csrfToken: () => `token ${visitor}` });
        next();
      };
    };
    const form: RequestHandler = (req, res) => {
      res.send((req as Request & { csrfToken(): string }).csrfToken());
    };
    it.each([
      ['nothing', {}],
      ['shared', { shared: true }],
      ['identity', { identity: () => 'ada', secret: 'a secret of a test' }],
    ])('stood in the page of the next visitor, with %s', async (_option, options) => {
      const app = express();
      app.use(tokens()).get('/', cached(options), form);
      const { ask } = await serve(app);
      expect(await ask('/')).toMatchObject({ text: 'token 1', cache: expect.stringContaining('detail=client') });
      expect((await ask('/')).text).toBe('token 2');
    });

    it('forbids nothing on a page without a form', async () => {
      const app = express();
      app.use(tokens()).get('/', cached(), (_req, res) => void res.send('hello'));
      const { ask } = await serve(app);
      await ask('/');
      expect((await ask('/')).cache).toMatch(/^hit/);
    });
  });

  describe('a transfer coding', () => {
    it('of the handler was lost on hits, which sent its bytes as they were', async () => {
      let runs = 0;
      const app = express();
      app.get('/', cached(), (_req, res) => {
        res.setHeader('Transfer-Encoding', 'gzip, chunked');
        res.end(gzipSync(`run ${++runs}`));
      });
      const { ask } = await serve(app);
      for (let count = 0; count < 2; count++) {
        const answer = await ask('/');
        expect(answer.headers['transfer-encoding']).toBe('gzip, chunked');
        expect(answer.cache).toContain(count === 0 ? 'detail=encoding' : 'uncacheable');
      }
      expect(runs).toBe(2);
    });

    it('of chunks, which Node.js does, forbids nothing', async () => {
      const app = express();
      app.get('/', cached(), (_req, res) => void res.set('Transfer-Encoding', 'chunked').end('hello'));
      const { ask } = await serve(app);
      await ask('/');
      expect(await ask('/')).toMatchObject({ text: 'hello', cache: expect.stringMatching(/^hit/) });
    });
  });
});
