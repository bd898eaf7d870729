import { createCache } from '@huntly/cache-core';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../src/index.ts';
import { onHead } from './support/hooks.ts';
import { serve, VERSIONS } from './support/serve.ts';

const throwing = () => {
  throw new Error('the session store is down');
};
const always: RequestHandler = (_req, _res, next) => next();

describe.each(VERSIONS)('what ends a response on %s', (_name, express) => {
  const cached = () => cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m', clientTtl: '5m' });

  it.each<[string, RequestHandler, (req: Request, res: Response) => unknown]>([
    ['end with what is no body', always, (_req, res) => res.end(42)],
    ['write of what is no chunk', always, (_req, res) => res.write(42)],
    ['a bad header', always, (_req, res) => res.writeHead(200, { 'X-A': 'bad\nvalue' }).end('x')],
    ['a hook below that throws', (_req, res, next) => next(onHead(res, throwing)), (_req, res) => res.send('fine')],
  ])('%s: the error page is sent as one, and not stored', async (_what, before, handler) => {
    let isFirst = true;
    const app = express();
    app.get(
      '/',
      (req, res, next) => (isFirst ? before(req, res, next) : next()),
      cached(),
      (req, res) => {
        if (!isFirst) return void res.send('good');
        isFirst = false;
        handler(req, res);
      },
    );
    app.use(((_error, _req, res, _next) => res.status(500).send('an error page')) as ErrorRequestHandler);
    const { ask } = await serve(app);
    const failed = await ask('/');
    expect(failed).toMatchObject({ status: 500, text: 'an error page' });
    expect(failed.headers['cache-control'] ?? '').not.toContain('max-age');
    const next = await ask('/');
    expect(next).toMatchObject({ status: 200, text: 'good' });
    expect(next.headers.etag).not.toBe(failed.headers.etag);
  });

  it('a status message that Node refuses is not stored', async () => {
    let runs = 0;
    const app = express();
    app.get('/', cached(), (_req, res) =>
      res.writeHead(200, ++runs === 1 ? 'bad\nmessage' : 'Fine').end(`run ${runs}`),
    );
    app.set('env', 'test'); // else Express prints the error
    const { ask } = await serve(app);
    expect((await ask('/')).status).toBe(500);
    expect(await ask('/')).toMatchObject({ status: 200, text: 'run 2' });
  });

  it('an error page at the end of a body that had begun is not stored', async () => {
    let runs = 0;
    const app = express();
    app.get('/', cached(), (_req, res) => {
      runs++;
      res.write('half a body');
      res.statusCode = 500;
      res.end('failed');
    });
    const { ask } = await serve(app);
    await ask('/');
    expect((await ask('/')).cache).not.toContain('hit');
    expect(runs).toBe(2);
  });

  it('a hook that was set after the cache has its say before the response is judged', async () => {
    let runs = 0;
    const app = express();
    const session: RequestHandler = (_req, res, next) => {
      const cookie = `s=${++runs}`;
      onHead(res, () => res.setHeader('Set-Cookie', cookie));
      next();
    };
    app.get('/', cached(), session, (_req, res) => res.send(`form ${runs}`));
    const { ask } = await serve(app);
    expect((await ask('/')).cache).toContain('detail=set-cookie');
    const second = await ask('/');
    expect(second).toMatchObject({ text: 'form 2', headers: { 'set-cookie': ['s=2'] } });
  });

  it('a header that the handler takes away is not on a hit either', async () => {
    const app = express();
    app.use((_req, res, next) => next(void res.set('X-Frame-Options', 'DENY')));
    app.get('/', cached(), (_req, res) => {
      res.removeHeader('X-Frame-Options');
      res.send('for frames');
    });
    const { ask } = await serve(app);
    expect((await ask('/')).headers['x-frame-options']).toBeUndefined();
    const hit = await ask('/');
    expect(hit.cache).toContain('hit');
    expect(hit.headers['x-frame-options']).toBeUndefined();
  });

  it('tags are not sent where the cache leaves a response alone', async () => {
    const app = express();
    app.all('/', cached(), (_req, res) =>
      res.set('Cache-Tag', 'a').writeHead(200, { 'Surrogate-Key': 'b', 'X-A': '1' }).end('x'),
    );
    const { ask } = await serve(app);
    for (const how of [{ headers: { cookie: 'a=1' } }, { method: 'POST' }, { method: 'OPTIONS' }]) {
      const { headers } = await ask('/', how);
      expect([headers['cache-tag'], headers['surrogate-key'], headers['x-a']]).toEqual([undefined, undefined, '1']);
    }
  });

  it('a body that ends with its head has a length, whatever is stored of it', async () => {
    const app = express();
    app.get('/', cached(), (_req, res) => res.end('6869', 'hex'));
    const { ask } = await serve(app);
    for (const again of [1, 2]) {
      const { text, headers } = await ask('/');
      expect([text, headers['content-length'], headers['transfer-encoding']], String(again)).toEqual([
        'hi',
        '2',
        undefined,
      ]);
    }
  });
});
