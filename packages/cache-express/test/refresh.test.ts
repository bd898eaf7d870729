import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import type { Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../src/index.ts';
import { serve, VERSIONS } from './support/serve.ts';

const turns = async () => {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(VERSIONS)('stale while revalidate on %s', (_name, express) => {
  /** An app whose route lies in a sub-app behind authentication, and answers as the test says. */
  async function open(options: Partial<CacheResponseOptions> = {}) {
    const clock = new FakeClock();
    const cache = createCache({ types: {}, logger: false, clock });
    const state = {
      runs: 0,
      status: 200,
      headers: {} as Record<string, string>,
      passes: Number.POSITIVE_INFINITY,
      failed: 0,
      fail: undefined as undefined | ((req: Request, res: Response) => unknown),
    };
    const seen: unknown[] = [];
    const addresses: unknown[] = [];
    const app = express();
    app.use((req, res, next) => {
      if (state.passes-- <= 0) return void res.status(401).send('who?');
      (req as { user?: string | undefined }).user = req.get('authorization');
      addresses.push(req.ip);
      next();
    });
    const inner = express();
    const route = { cache, clock, ttl: '60s', grace: '60s', query: ['q'], ...options } as CacheResponseOptions;
    inner.get('/leads/:id', cacheResponse(route), cacheResponse({ cache, clock, ttl: '1s' }), (req, res) => {
      req.socket.setNoDelay().setKeepAlive().ref().unref();
      if (state.fail) {
        state.failed++;
        return void state.fail(req, res);
      }
      seen.push([req.params['id'], req.query, req.baseUrl, req.protocol, (req as { user?: string }).user]);
      res
        .status(state.status)
        .set(state.headers)
        .send(`run ${++state.runs}`);
    });
    app.use('/api', inner);
    const { ask } = await serve(app);
    return { ask: (headers = {}) => ask('/api/leads/7?q=a&x=1', { headers }), clock, state, seen, addresses };
  }

  it('serves the stale response at once and refreshes it with a copy of the request', async () => {
    const { ask, clock, state, seen, addresses } = await open();
    expect((await ask()).text).toBe('run 1');
    await clock.advance(61_000);
    const stale = await ask();
    expect(stale).toMatchObject({ status: 200, text: 'run 1', cache: 'hit; ttl=-1' });
    expect(stale.headers.age).toBe('61');
    await turns();
    expect(state.runs).toBe(2);
    expect(await ask()).toMatchObject({ text: 'run 2', cache: 'hit; ttl=60' });
    expect(seen[1]).toEqual(seen[0]); // the handler cannot tell
    expect(addresses).toEqual(Array(addresses.length).fill('127.0.0.1')); // nor can middleware
  });

  it('stale if error: a handler that fails leaves the response for its grace', async () => {
    const { ask, clock, state } = await open();
    await ask();
    state.status = 500;
    await clock.advance(61_000);
    expect((await ask()).text).toBe('run 1');
    await turns();
    await clock.advance(1_000);
    expect((await ask()).text).toBe('run 1');
    await turns();
    expect(state.runs).toBeGreaterThan(2);
    await clock.advance(60_000);
    expect((await ask()).status).toBe(500);
  });

  it('an answer that may not be stored ends the stale one', async () => {
    const { ask, clock, state } = await open();
    await ask();
    state.headers = { 'Cache-Control': 'private' };
    await clock.advance(61_000);
    expect((await ask()).text).toBe('run 1');
    await turns();
    const next = await ask();
    expect(next.text).toBe('run 3');
    expect(next.cache).toContain('detail=cache-control');
  });

  it('a copy that the app refuses before the route leaves the stale one', async () => {
    const { ask, clock, state } = await open();
    await ask();
    await clock.advance(61_000);
    state.passes = 1; // the client may, its copy may not
    expect((await ask()).text).toBe('run 1');
    await turns();
    expect(state.runs).toBe(1);
    state.passes = 2;
    await clock.advance(1_000); // the pause after a failed load
    expect(await ask()).toMatchObject({ status: 200, text: 'run 1' });
    await turns();
    expect(state.runs).toBe(2);
  });

  it('a copy asks for whom the first request asked', async () => {
    const { ask, clock, state } = await open({ identity: (req) => (req as { user?: string }).user, secret: 's' });
    await ask({ authorization: 'ALICE' });
    await clock.advance(61_000);
    const asked = ask({ authorization: 'ALICE' });
    const stale = await asked;
    expect(stale.text).toBe('run 1');
    await turns();
    expect(state.runs).toBe(2);
    await clock.advance(61_000);
    expect((await ask({ authorization: 'ALICE' })).text).toBe('run 2');
    await turns();
    expect(await ask({ authorization: 'BOB' })).toMatchObject({ text: 'run 4' });
  });

  it('is not done where the handler says must-revalidate', async () => {
    const { ask, clock, state } = await open();
    state.headers = { 'Cache-Control': 'max-age=60, must-revalidate' };
    await ask();
    await clock.advance(61_000);
    const answer = await ask();
    expect(answer.text).not.toBe('run 1');
    expect(answer.cache).toContain('fwd=');
  });

  it.each<[string, (req: Request, res: Response) => unknown]>([
    ['a pipeline that fails', (_req, res) => pipeline(createReadStream('/nowhere'), res, () => undefined)],
    ['a response destroyed midway', (_req, res) => [res.write('x'), res.destroy(new Error('upstream lost'))]],
    ['a response destroyed before its head', (_req, res) => res.destroy(new Error('upstream lost'))],
    ['a socket destroyed', (req) => req.socket.destroy(new Error('no'))],
  ])('%s in a refresh ends it at once and leaves the stale response', async (_way, fail) => {
    const { ask, clock, state } = await open();
    await ask();
    state.fail = fail;
    await clock.advance(61_000);
    expect((await ask()).text).toBe('run 1');
    while (state.failed === 0) await turns();
    state.fail = undefined;
    let seconds = 0;
    while (state.runs === 1) {
      await clock.advance(1_000); // the pause after a failed load, once it has failed
      seconds++;
      expect((await ask()).status).toBe(200);
      await turns();
    }
    expect(seconds).toBeLessThan(20); // else it was the timeout that ended it
  });

  it('a copy goes through an app that only calls the app of the route', async () => {
    const clock = new FakeClock();
    const cache = createCache({ types: {}, logger: false, clock });
    const inner = express();
    inner.get('/', cacheResponse({ cache, clock, ttl: '60s', grace: '60s', shared: true }), (req, res) => {
      res.send(String((req as { tenant?: string }).tenant));
    });
    const app = express();
    app.use((req, res, next) => {
      if (req.get('authorization') === undefined) return void res.status(401).end();
      (req as { tenant?: string }).tenant = 'acme';
      next();
    });
    app.use((req, res, next) => inner(req, res, next)); // as vhost() does
    const { ask } = await serve(app);
    const headers = { authorization: 'ok' };
    await ask('/', { headers });
    await clock.advance(61_000);
    await ask('/', { headers });
    await turns();
    expect(await ask('/', { headers })).toMatchObject({ text: 'acme', cache: 'hit; ttl=60' });
  });

  it('no header of a client makes a request a copy', async () => {
    const { ask, state } = await open();
    await ask();
    for (const name of ['huntly.rerun', 'x-huntly-rerun', 'symbol']) await ask({ [name]: '1' });
    expect(state.runs).toBe(1);
  });

  it('without grace nothing stale is served', async () => {
    const { ask, clock } = await open({ grace: undefined });
    await ask();
    await clock.advance(61_000);
    expect((await ask()).text).toBe('run 2');
  });
});
