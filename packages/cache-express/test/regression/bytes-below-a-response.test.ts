import { createCache } from '@huntly/cache-core';
import inject from 'light-my-request';
import serverless from 'serverless-http';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { type ExpressModule, VERSIONS } from '../support/serve.ts';

type App = ReturnType<ExpressModule>;
interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}
type Asking = (app: App, path: string, headers?: Record<string, string>) => Promise<Seen>;

const ADAPTERS: readonly (readonly [string, Asking])[] = [
  [
    'serverless-http',
    async (app, path, headers = {}) => {
      const answer = (await serverless(app, { binary: true })(
        { httpMethod: 'GET', path, headers: { host: 'a.example', ...headers }, body: '' },
        {},
      )) as { statusCode: number; headers: Record<string, unknown>; body: string };
      return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(answer.body, 'base64') };
    },
  ],
  [
    'light-my-request',
    async (app, path, headers = {}) => {
      const answer = await inject(app as unknown as Parameters<typeof inject>[0], {
        method: 'GET',
        url: path,
        headers,
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.rawPayload };
    },
  ],
];

const BODIES = {
  '/json': (res: import('express').Response) => res.json({ name: 'Müller 😀' }),
  '/text': (res: import('express').Response) => res.send('Grüße'),
  '/binary': (res: import('express').Response) => res.type('bin').send(Buffer.from([0, 128, 255, 13, 10, 13, 10])),
  '/large': (res: import('express').Response) => res.send('ü'.repeat(20_000)),
  '/pieces': (res: import('express').Response) => [res.write('Grü'), res.end(Buffer.from('ße'))],
  '/empty': (res: import('express').Response) => res.end(),
};

describe.each(VERSIONS)('on %s', (_version, express) => {
  describe.each(ADAPTERS)('under %s', (_adapter, ask) => {
    const appOf = (isCached: boolean) => {
      const app = express();
      const cached = cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' });
      for (const [path, answer] of Object.entries(BODIES))
        app.get(path, ...(isCached ? [cached] : []), (_req, res) => void answer(res));
      return app;
    };

    it.each(Object.keys(BODIES))('a hit of %s had other bytes than its miss', async (path) => {
      const bare = await ask(appOf(false), path);
      const app = appOf(true);
      const miss = await ask(app, path);
      const hit = await ask(app, path);
      expect(String(hit.headers['cache-status'])).toContain('hit');
      for (const answer of [miss, hit]) {
        expect(answer.status).toBe(200);
        expect(answer.body).toEqual(bare.body);
        expect(answer.headers['content-type']).toBe(bare.headers['content-type']);
      }
      const etag = String(hit.headers['etag']);
      const known = await ask(app, path, { 'if-none-match': etag });
      expect([known.status, known.body.length]).toEqual([304, 0]);
    });
  });
});
