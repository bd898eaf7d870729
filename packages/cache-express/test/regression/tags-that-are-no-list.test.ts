import { createCache, type Logger } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

describe.each(VERSIONS)('`tags` that return no list of texts, on %s', (_name, express) => {
  it.each([
    [
      'a promise',
      () => Promise.resolve(['lead:1']),
      '`tags` of cacheResponse must return its tags at once, not a promise of them',
    ],
    [
      'a promise that rejects',
      () => Promise.reject(new Error('no lead')),
      '`tags` of cacheResponse must return its tags at once, not a promise of them',
    ],
    ['a text', () => 'lead:1', '`tags` of cacheResponse must return a list of texts'],
    ['numbers', () => [1], '`tags` of cacheResponse must return a list of texts'],
  ])('%s: a plain sentence in the log, and the answer of the handler', async (_what, tags, message) => {
    const warnings: unknown[] = [];
    const quiet = () => {};
    const logger: Logger = { debug: quiet, info: quiet, error: quiet, warn: (data) => warnings.push(data) };
    const cache = createCache({ types: {}, logger });
    const app = express();
    const options = { cache, ttl: '5m', tags } as unknown as CacheResponseOptions;
    app.get('/', cacheResponse(options), (_req, res) => res.send('ok'));
    const { ask } = await serve(app);
    expect(await ask('/')).toMatchObject({ status: 200, text: 'ok', cache: 'fwd=bypass; detail=uncacheable' });
    expect(warnings).toEqual([{ err: expect.objectContaining({ message }) as unknown }]);
  });

  it('nothing is no tag', async () => {
    const options = { cache: createCache({ types: {}, logger: false }), ttl: '5m', tags: () => undefined };
    const app = express();
    app.get('/', cacheResponse(options as unknown as CacheResponseOptions), (_req, res) => res.send('ok'));
    const { ask } = await serve(app);
    await ask('/');
    expect((await ask('/')).cache).toMatch(/^hit/);
  });
});
