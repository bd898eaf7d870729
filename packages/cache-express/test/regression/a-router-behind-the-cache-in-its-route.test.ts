import { createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** Whatever route a request had come to was taken for one that has a router among its handlers. */
describe.each(VERSIONS)('a route with a router among its handlers, on %s', (_name, express) => {
  const made = () => cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' });

  it.each(['behind', 'before'])(
    'with the router %s the cache, shared its answers with a router that a function chooses',
    async (where) => {
      const cached = made();
      const chosen = express.Router();
      chosen.get('/x', cached, (_req, res) => void res.send('of the chosen one'));
      const inner = express.Router();
      inner.get('/x', (_req, _res, next) => next());
      const app = express();
      app.use((req, res, next) => (req.get('x-tenant') ? chosen(req, res, next) : next()));
      app.get(
        '/x',
        ...(where === 'behind' ? [cached, inner] : [inner, cached]),
        (_req, res) => void res.send('of all'),
      );
      const { ask } = await serve(app);
      for (const _ of [1, 2]) {
        expect((await ask('/x')).text).toBe('of all');
        expect((await ask('/x', { headers: { 'x-tenant': 'b' } })).text).toBe('of the chosen one');
      }
      expect((await ask('/x', { headers: { 'x-tenant': 'b' } })).cache).toBe('fwd=bypass; detail=route');
    },
  );

  it.each(['/x', '/:id', '/y'])('is cached behind a router with a route for %s', async (path) => {
    const inner = express.Router({ mergeParams: true });
    const deeper = express.Router();
    deeper.get(path, (_req, _res, next) => next());
    inner.use(deeper);
    const app = express();
    app.get('/x', inner, made(), (_req, res) => void res.send('x'));
    const { ask } = await serve(app);
    await ask('/x');
    expect(await ask('/x')).toMatchObject({ text: 'x', cache: expect.stringMatching(/^hit/) });
  });
});
