import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createCache } from '@huntly/cache-core';
import type { Application } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { VERSIONS } from '../support/serve.ts';

/**
 * An adapter as small as it can be: its socket is a plain object, and it takes what is said to the response. It looks once whether that has ended.
 */
async function ask(app: Application, method: string, url: string) {
  const socket = { readable: true, remoteAddress: '127.0.0.1', destroy() {}, end() {} };
  const req = new IncomingMessage(socket as unknown as Socket);
  Object.assign(req, { method, url, headers: { host: 'a.example' }, complete: true });
  req.push(null);
  const res = new ServerResponse(req);
  const written: Buffer[] = [];
  const ended = new Promise<void>((resolve) => {
    const keep = (chunk: unknown) => {
      if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) written.push(Buffer.from(chunk as string));
      return true;
    };
    res.write = keep;
    res.end = ((chunk: unknown) => {
      if (!res.headersSent) res.writeHead(res.statusCode);
      if (chunk) res.write(chunk as string); // as wrappers of Node's own `end` do
      resolve();
      return res;
    }) as typeof res.end;
  });
  app(req, res);
  if (!res.writableEnded) await ended;
  return {
    status: res.statusCode,
    disposition: res.getHeader('content-disposition'),
    text: String(Buffer.concat(written)),
  };
}

describe.each(VERSIONS)('under an adapter without a connection, on %s', (_name, express) => {
  const appOf = () => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    const cached = cacheResponse({ cache, ttl: '1m' });
    app.get('/file', cached, (_req, res) => {
      res.setHeader('Content-Disposition', 'attachment; filename="Müller.txt"');
      res.send('Grüße');
    });
    app.post('/leads', cached, (_req, res) => void res.status(201).send('made'));
    return { app, cache };
  };

  it('a request was a 500, as its socket emits nothing; a hit had the name of a file as Node.js sends it', async () => {
    const { app, cache } = appOf();
    for (let count = 0; count < 2; count++) {
      const disposition = 'attachment; filename="Müller.txt"';
      expect(await ask(app, 'GET', '/file')).toEqual({ status: 200, disposition, text: 'Grüße' });
      await cache.settled();
    }
    expect(cache.stats()).toMatchObject({ http: { hits: 1 } });
  });

  it('the answer to an unsafe method had no body, as it seemed to have ended', async () => {
    expect(await ask(appOf().app, 'POST', '/leads')).toMatchObject({ status: 201, text: 'made' });
  });
});
