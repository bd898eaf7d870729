import { createCache } from '@huntly/cache-core';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheResponse, type ResponseCache } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/** The end of an answer to an unsafe method waits for the invalidation. What its handler did meanwhile took it away. */
describe.each(VERSIONS)('an answer was lost to a late error, on %s', (name, express) => {
  const failing: [string, (req: Request, res: Response) => void][] = [
    [
      'throws',
      () => {
        throw new Error('after the answer');
      },
    ],
    ['destroys the response', (_req, res) => void res.destroy()],
    ['destroys the request', (req) => void req.destroy()],
    ['destroys the socket', (req) => void req.socket.destroy()],
    ['ends the socket', (req) => void req.socket.end()],
    ['passes an error on', (req) => void req.next?.(new Error('after the answer'))],
    ['ends it again', (_req, res) => void res.end()],
    ['looks whether it has ended', (_req, res) => void (res.writableEnded && res.finished ? 0 : res.destroy())],
  ];
  const answers: [string, (res: Response) => unknown][] = [
    ['json', (res) => res.json({ saved: true })],
    ['a redirect', (res) => res.redirect(303, '/')],
    ['no content', (res) => res.status(204).end()],
    ['written in parts', (res) => [res.write('sa'), res.end('ved')]],
  ];

  it.each(failing.flatMap((fail) => answers.map((answer) => [...fail, ...answer] as const)))(
    'of a handler that %s, %s: %s',
    async (_fail, fail, _answer, answer) => {
      const { opened, app, plain, cached } = open((req, res) => {
        answer(res);
        fail(req, res);
      });
      opened.open();
      const { ask } = await serve(app);
      const [expected, given] = [await ask(plain, { method: 'POST' }), await ask(cached, { method: 'POST' })];
      expect([given.status, given.text]).toEqual([expected.status, expected.text]);
    },
  );

  it('the client has it once the invalidation is done, and the connection is destroyed then', async () => {
    const { opened, app, cached, seen } = open((_req, res) => {
      res.json({ saved: true });
      throw new Error('after the answer');
    });
    const { ask } = await serve(app);
    let isAnswered = false;
    const answer = ask(cached, { method: 'POST' }).finally(() => {
      isAnswered = true;
    });
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false); // P1: it must not see the end before
    expect(seen).toEqual(['closed: false']);
    opened.open();
    expect(await answer).toMatchObject({ status: 200, text: '{"saved":true}' });
    await expect.poll(() => seen).toEqual(['closed: false', 'closed: true']);
  });

  if (name === 'Express 5') {
    it('of a handler whose promise is rejected', async () => {
      const { opened, app, cached } = open(async (_req, res) => {
        res.json({ saved: true });
        await Promise.reject(new Error('after the answer'));
      });
      opened.open();
      const { ask } = await serve(app);
      expect(await ask(cached, { method: 'PUT' })).toMatchObject({ status: 200, text: '{"saved":true}' });
    });
  }

  /** A route with the cache and one without; an invalidation takes until the test opens it. */
  function open(handler: RequestHandler) {
    const whole = createCache({ types: {}, logger: false });
    onTestFinished(() => whole.close());
    let go = () => {};
    const invalidated = new Promise<void>((resolve) => {
      go = resolve;
    });
    const cache: ResponseCache = {
      addType: whole.addType.bind(whole),
      stats: whole.stats.bind(whole),
      enabled: true,
      logger: whole.logger,
      invalidateTags: async (tags) => {
        await invalidated;
        return whole.invalidateTags(tags);
      },
    };
    const seen: string[] = [];
    const app = express();
    app.post('/plain', handler);
    app.all('/cached', cacheResponse({ cache, ttl: '1m' }), handler);
    app.use(((error, req, res, next) => {
      seen.push(`closed: ${req.socket.destroyed}`);
      req.socket.once('close', () => seen.push(`closed: ${req.socket.destroyed}`));
      res.headersSent ? next(error) : void res.status(500).send('an error page');
    }) as ErrorRequestHandler);
    return { opened: { open: go }, app, plain: '/plain', cached: '/cached', seen };
  }
});
