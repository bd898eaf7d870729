import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCache } from '@huntly/cache-core';
import type { Request, Response } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { askRaw } from '../support/raw.ts';
import { serve, VERSIONS } from '../support/serve.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'validators-'));
  writeFileSync(join(folder, 'page.txt'), 'a page');
});
afterAll(() => rm(folder, { recursive: true }));

const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT';
const EARLIER = 'Wed, 31 Dec 2025 23:59:59 GMT';

describe.each(VERSIONS)('on %s', (_name, express) => {
  function route(handler: (req: Request, res: Response) => unknown, etag?: unknown) {
    const app = express();
    if (etag !== undefined) app.set('etag', etag);
    let runs = 0;
    const cached = (more: Partial<CacheResponseOptions> = {}) =>
      cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m', ...more });
    app.get('/', cached(), (req, res) => {
      runs++;
      handler(req, res);
    });
    return { serve: () => serve(app), runs: () => runs };
  }
  const WAYS: readonly (readonly [string, (req: Request, res: Response) => unknown])[] = [
    ['send', (_req, res) => res.send('text')],
    ['end', (_req, res) => res.end('text')],
    ['pieces', (_req, res) => [res.write('te'), res.end('xt')]],
  ];

  describe.each(WAYS)('%s', (way, handler) => {
    it('has no ETag where the app wants none', async () => {
      const { ask } = await route(handler, false).serve();
      const answers = [await ask('/'), await ask('/')];
      expect(answers[1]?.cache).toContain('hit');
      expect(answers.map(({ headers }) => headers.etag)).toEqual([undefined, undefined]);
    });

    it('has the ETag of the app', async () => {
      const own = (body: Buffer | string) => `"own-${createHash('md5').update(body).digest('hex')}"`;
      for (const [setting, expected] of [
        ['strong', /^"[^"]+"$/],
        ['weak', /^W\/"[^"]+"$/],
        [undefined, /^W\/"[^"]+"$/],
        [own, new RegExp(`^${own('text')}$`)],
      ] as const) {
        const { ask } = await route(handler, setting).serve();
        const [miss, hit] = [await ask('/'), await ask('/')];
        expect(hit.cache).toContain('hit');
        expect(hit.headers.etag).toMatch(expected);
        if (way !== 'pieces') expect(miss.headers.etag).toBe(hit.headers.etag);
      }
    });
  });

  it('an ETag function that throws, or returns nothing, costs no answer', async () => {
    for (const setting of [() => undefined, () => 'bad\nvalue', () => JSON.parse('{') as string]) {
      const { ask } = await route((_req, res) => [res.write('te'), res.end('xt')], setting).serve();
      const answers = [await ask('/'), await ask('/')];
      for (const { status, text, headers } of answers)
        expect([status, text, headers.etag]).toEqual([200, 'text', undefined]);
    }
  });

  describe('preconditions', () => {
    const page = (_req: Request, res: Response) => res.set('ETag', '"a"').set('Last-Modified', MODIFIED).send('x');

    it.each<[Record<string, string>, number]>([
      [{ 'if-match': '"b"' }, 412],
      [{ 'if-match': '"b", "a"' }, 200],
      [{ 'if-match': '*' }, 200],
      [{ 'if-match': 'W/"a"' }, 200],
      [{ 'if-unmodified-since': EARLIER }, 412],
      [{ 'if-unmodified-since': MODIFIED }, 200],
      [{ 'if-unmodified-since': 'yesterday' }, 200],
      [{ 'if-match': '"a"', 'if-unmodified-since': EARLIER }, 200],
      [{ 'if-match': '"b"', 'if-none-match': '"a"' }, 412],
      [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 304],
      [{ 'if-unmodified-since': EARLIER, 'if-modified-since': MODIFIED }, 412],
      [{ 'if-none-match': '"a"' }, 304],
      [{ 'if-none-match': '"b"', 'if-modified-since': MODIFIED }, 200],
    ])('%j: %i', async (headers, status) => {
      const { serve, runs } = route(page);
      const { ask } = await serve();
      for (const time of ['miss', 'hit']) {
        const answer = await ask('/', { headers });
        expect([answer.status, answer.text], time).toEqual([status, status === 200 ? 'x' : '']);
        if (status === 412) expect(answer.headers['cache-control']).toBe('no-store');
      }
      expect((await ask('/')).text).toBe('x');
      expect((await ask('/', { method: 'HEAD', headers })).status).toBe(status);
      expect(runs()).toBe(1);
    });

    it('of a file, as its handler answers them, and 304 for the first request too', async () => {
      const file = (_req: Request, res: Response) => res.sendFile(join(folder, 'page.txt'), { cacheControl: false });
      const { ask: first } = await route(file).serve();
      const { etag, 'last-modified': modified = '' } = (await first('/')).headers;
      for (const [headers, status] of [
        [{ 'if-none-match': String(etag) }, 304],
        [{ 'if-modified-since': modified }, 304],
        [{ 'if-match': String(etag) }, 200],
        [{ 'if-match': '"other"' }, 412],
        [{ 'if-unmodified-since': EARLIER }, 412],
      ] as const) {
        const { serve, runs } = route(file);
        const { ask } = await serve();
        expect((await ask('/', { headers })).status).toBe(status);
        expect((await ask('/', { headers })).status).toBe(status);
        expect((await ask('/')).text).toBe('a page');
        expect(runs()).toBe(1);
      }
    });

    it('of a response that is not stored, as Express answers them', async () => {
      const { ask } = await route((_req, res) => res.set('Cache-Control', 'no-store').send('x')).serve();
      const { etag } = (await ask('/')).headers;
      for (let time = 0; time < 2; time++)
        expect((await ask('/', { headers: { 'if-none-match': String(etag) } })).status).toBe(304);
      const { ask: again } = await route((_req, res) => res.set('Cache-Control', 'no-store').send('x')).serve();
      expect((await again('/', { headers: { 'if-none-match': String(etag) } })).status).toBe(304);
    });
  });

  it('CDN-Cache-Control did not win over Cache-Control', async () => {
    for (const [headers, isStored] of [
      [{ 'Cache-Control': 'no-store', 'CDN-Cache-Control': 'max-age=60' }, true],
      [{ 'Cache-Control': 'max-age=60', 'CDN-Cache-Control': 'no-store' }, false],
      [{ 'Cache-Control': 'max-age=0', 'CDN-Cache-Control': 'public' }, true],
      [{ Expires: '0', 'CDN-Cache-Control': 'max-age=60' }, true],
      [{ 'Cache-Control': 'no-store', 'CDN-Cache-Control': '' }, false],
      [{ 'Cache-Control': 'max-age=60', 'CDN-Cache-Control': '"' }, false],
    ] as const) {
      const { serve, runs } = route((_req, res) => res.set(headers).send('x'));
      const { ask } = await serve();
      await ask('/');
      const second = await ask('/');
      expect(runs(), JSON.stringify(headers)).toBe(isStored ? 1 : 2);
      expect(second.headers['cache-control']).toBe((headers as Record<string, string>)['Cache-Control']);
    }
  });

  it('a trailer was lost on hits', async () => {
    for (const handler of [
      (_req: Request, res: Response) => {
        res.set('Trailer', 'X-Sum').write('a');
        res.addTrailers({ 'X-Sum': '1' });
        res.end();
      },
      (_req: Request, res: Response) => {
        res.write('a');
        res.addTrailers({ 'X-Sum': '1' });
        res.end();
      },
    ]) {
      const { serve, runs } = route(handler);
      const { port } = await serve();
      await askRaw(port, '/');
      await askRaw(port, '/');
      expect(runs()).toBe(2);
    }
  });

  it('HEAD of a handler that says nothing had a length', async () => {
    const { ask } = await route((req, res) => (req.method === 'HEAD' ? res.end() : res.send('text'))).serve();
    expect((await ask('/', { method: 'HEAD', headers: { 'if-none-match': '"x"' } })).headers['content-length']).toBe(
      undefined,
    );
    const get = await ask('/');
    const head = await ask('/', { method: 'HEAD' });
    const { date, ...same } = get.headers;
    expect(date).toBeDefined();
    for (const name of ['cache-status', 'transfer-encoding']) delete same[name];
    expect(head.headers).toMatchObject(same);
    expect(head.cache).toContain('hit');
  });
});
