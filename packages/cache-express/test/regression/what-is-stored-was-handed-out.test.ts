import { createCache, memoryStore } from '@huntly/cache-core';
import type { Request, RequestHandler, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse, responseType } from '../../src/index.ts';
import { hooking } from '../support/hooks.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

const SHARES = ['freeze', 'clone', 'trust', undefined] as const;

/** Changes all that it is given, as a middleware that rewrites answers may. */
const vandal: RequestHandler = (_req, res, next) => {
  const end = res.end.bind(res) as (...args: unknown[]) => Response;
  res.end = ((chunk: unknown, ...rest: unknown[]) => {
    const piece = chunk instanceof Uint8Array ? Buffer.from(chunk) : chunk;
    if (chunk instanceof Uint8Array) {
      chunk.fill(0x21);
      const { buffer, byteOffset, length } = chunk;
      Buffer.from(buffer, byteOffset, length).fill(0x3f); // the memory itself
    }
    return end(piece, ...rest);
  }) as typeof res.end;
  next();
};

describe.each(VERSIONS)('on %s', (_name, express) => {
  describe.each(SHARES)('with copies in the process that are shared by `%s`', (share) => {
    const newCache = () =>
      createCache({
        types: { http: responseType() },
        store: memoryStore(),
        logger: false,
        ...(share === undefined ? {} : { local: { share } }),
      });

    it('a header that a hook below adds to was sent to the next client', async () => {
      let clients = 0;
      const app = express();
      app.use((_req, res, next) => {
        const client = ++clients;
        hooking(() => void res.appendHeader('Link', `<client-${client}>`))(_req, res, next);
      });
      const held = gate();
      let runs = 0;
      app.get('/', cacheResponse({ cache: newCache(), ttl: '1m' }), async (_req, res) => {
        runs++;
        res.set('Link', ['<a>', '<b>']);
        await held.opened;
        res.send('x');
      });
      const { ask } = await serve(app);
      const asked = [ask('/'), ask('/'), ask('/')];
      while (clients < 3) await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      held.open();
      const answers = [...(await Promise.all(asked)), await ask('/'), await ask('/')];
      expect(runs).toBe(1);
      const links = answers.map(({ headers }) => String(headers['link']));
      expect(links.toSorted()).toEqual([1, 2, 3, 4, 5].map((client) => `<a>, <b>, <client-${client}>`));
    });

    it('a list of the handler was added to', async () => {
      const LINKS = ['<a>', '<b>'];
      const app = express();
      app.use(hooking((res) => void res.appendHeader('Link', '<c>')));
      app.get('/', cacheResponse({ cache: newCache(), ttl: '1m' }), (_req, res) =>
        res.writeHead(200, { Link: LINKS }).end('x'),
      );
      const { ask } = await serve(app);
      for (let time = 0; time < 3; time++) expect((await ask('/')).headers['link']).toBe('<a>, <b>, <c>');
      expect(LINKS).toEqual(['<a>', '<b>']);
    });

    it.each([10, 20_000])(
      'a body of %i bytes in which a wrapper writes was sent to the next client',
      async (length) => {
        const text = 'ü'.repeat(length / 2);
        const app = express();
        app.use(vandal);
        app.get('/', cacheResponse({ cache: newCache(), ttl: '1m' }), (_req, res) => res.type('text').send(text));
        const { ask } = await serve(app);
        for (let time = 0; time < 4; time++) expect((await ask('/')).text === text, String(time)).toBe(true);
        expect((await ask('/')).cache).toContain('hit');
      },
    );

    it('a handler that uses its buffer again changed what was stored', async () => {
      const buffer = Buffer.from('first');
      const app = express();
      app.get('/', cacheResponse({ cache: newCache(), ttl: '1m' }), (_req: Request, res: Response) => {
        res.end(buffer, () => buffer.fill('x'));
      });
      const { ask } = await serve(app);
      for (let time = 0; time < 3; time++) expect((await ask('/')).text).toBe('first');
    });

    it('a body was sent as a list of numbers', async () => {
      const app = express();
      app.get('/', cacheResponse({ cache: newCache(), ttl: '1m' }), (_req, res) => res.json({ name: 'Müller' }));
      const { ask } = await serve(app);
      for (let time = 0; time < 4; time++) {
        const { text, headers, body } = await ask('/');
        expect(text).toBe('{"name":"Müller"}');
        expect(headers['content-length']).toBe(String(body.length));
      }
    });
  });
});
