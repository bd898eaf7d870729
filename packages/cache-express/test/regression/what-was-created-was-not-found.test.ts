import { createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** A stored 404 outlived the creation of what it said there is not. */
describe.each(VERSIONS)('what was created was not found, on %s', (_name, express) => {
  async function open(location: string | undefined, status = 201, more: Partial<CacheResponseOptions> = {}) {
    const cache = createCache({ types: {}, logger: false });
    const cached = cacheResponse({ cache, ttl: '5m', negativeTtl: '5m', shared: true, ...more });
    let exists = false;
    const app = express();
    app.get(/.*/, cached, (req, res) => void res.status(exists ? 200 : 404).send(req.path));
    app.all(/.*/, cached, (_req, res) => {
      exists = true;
      if (location !== undefined) res.set('Location', location);
      res.status(status).end();
    });
    const served = await serve(app);
    const missing = async (path: string) => {
      expect(await served.ask(path)).toMatchObject({ status: 404 });
      expect(await served.ask(path)).toMatchObject({ status: 404, cache: expect.stringContaining('hit') as string });
    };
    return { ...served, missing };
  }

  it.each([
    ['at its Location', 'POST', '/leads', '/leads/7', '/leads/7'],
    ['at its Location, in another spelling', 'POST', '/leads', '/Leads/%37/', '/leads/7'],
    ['at its Location, relative', 'POST', '/a/leads', 'leads/7', '/a/leads/7'],
    ['at its Location, elsewhere', 'POST', '/commands', '/leads/7', '/leads/7'],
    ['below its Location', 'POST', '/commands', '/leads/7', '/leads/7/notes'],
    ['far below its Location', 'POST', '/commands', '/leads/7', '/leads/7/notes/1/authors?page=2'],
    ['below its Location, with an encoded slash', 'POST', '/commands', '/files/a', '/files/a%2Fb'],
    ['at its path', 'PUT', '/leads/7', undefined, '/leads/7'],
    ['at its path, with a query', 'PUT', '/leads/7', undefined, '/leads/7?full=1'],
    ['below its path', 'PUT', '/leads/7', undefined, '/leads/7/notes'],
    ['below its path, where it tells no Location', 'POST', '/leads', undefined, '/leads/7'],
    ['below its path, by a method that is not known', 'MKCOL', '/files', undefined, '/files/a'],
    ['anywhere, by a method at the root', 'POST', '/', undefined, '/leads/7'],
  ])('%s', async (_where, method, path, location, missed) => {
    const { ask, missing } = await open(location);
    await missing(missed);
    await ask(path, { method });
    expect((await ask(missed)).status).toBe(200);
  });

  it('by a redirect after POST', async () => {
    const { ask, missing } = await open('/leads/7', 303);
    await missing('/leads/7/notes');
    await ask('/leads', { method: 'POST' });
    expect((await ask('/leads/7/notes')).status).toBe(200);
  });

  it('410 as well', async () => {
    const cache = createCache({ types: {}, logger: false });
    const cached = cacheResponse({ cache, ttl: '5m', negativeTtl: '5m', shared: true });
    let status = 410;
    const app = express();
    app.get('/leads/:id', cached, (_req, res) => void res.status(status).send('x'));
    app.post('/leads', cached, (_req, res) => void res.location('/leads/7').sendStatus(201));
    const { ask } = await serve(app);
    await ask('/leads/7');
    status = 200;
    expect((await ask('/leads/7')).status).toBe(410);
    await ask('/leads', { method: 'POST' });
    expect((await ask('/leads/7')).status).toBe(200);
  });

  it.each([
    ['beside it', 'POST', '/leads', '/leads/7', '/leads-of-2024', 201],
    ['beside its path', 'PUT', '/leads/7', undefined, '/leads/77', 201],
    ['above it', 'PUT', '/leads/7/notes', undefined, '/leads/7', 201],
    ['where nothing was done', 'POST', '/leads', '/leads/7', '/leads/7', 409],
    ['on another host', 'POST', '/commands', 'http://elsewhere.test/leads/7', '/leads/7', 201],
  ])('but %s the 404 stays', async (_where, method, path, location, missed, status) => {
    const { ask, missing } = await open(location, status);
    await missing(missed);
    await ask(path, { method });
    expect((await ask(missed)).status).toBe(404);
  });

  it('what is found below stays stored', async () => {
    const { ask } = await open('/leads/7');
    await ask('/leads', { method: 'POST' });
    expect((await ask('/leads/7/notes')).status).toBe(200);
    await ask('/leads/7', { method: 'PUT' });
    expect((await ask('/leads/7/notes')).cache).toContain('hit');
  });

  it('a 404 far below everything is not stored', async () => {
    const { ask } = await open(undefined);
    expect((await ask('/x'.repeat(200))).cache).toContain('detail=tags');
  });
});
