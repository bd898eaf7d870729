import { createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

const async = (async () => {
  throw new Error('no session');
}) as never;
const cache = () => createCache({ types: {}, logger: false });

describe('a callback of cacheResponse whose answer is needed at once', () => {
  it.each([
    ['identity', { identity: async, secret: '0123456789abcdef' }],
    ['tags', { tags: async }],
    ['vary of accept-language', { vary: { 'accept-language': async } }],
  ] as const)('is refused at the start where it is async: %s', (name, options) => {
    expect(() => cacheResponse({ cache: cache(), ttl: '5m', ...options })).toThrow(
      `${name} must be a function that is not async`,
    );
  });

  it.each(VERSIONS)(
    'does not end the process where `vary` returns a promise that rejects, on %s',
    async (_name, express) => {
      const app = express();
      const rejecting = () => Promise.reject(new Error('no language')) as never; // unhandled, it would fail this run
      app.get(
        '/',
        cacheResponse({ cache: cache(), ttl: '5m', vary: { 'accept-language': rejecting } }),
        (_req, res) => {
          res.send('ok');
        },
      );
      const { ask } = await serve(app);
      expect(await ask('/')).toMatchObject({ status: 200, text: 'ok', cache: 'fwd=bypass; detail=uncacheable' });
    },
  );
});
