import { createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { turns } from '../support/refreshed.ts';
import { serve, VERSIONS } from '../support/serve.ts';

const CUT: Record<string, RequestHandler> = {
  'by its handler': (_req, res) => {
    res.write('part');
    res.destroy();
  },
  'by an error': (_req, res) => {
    res.writeHead(201, { Location: '/x' }).flushHeaders();
    throw new Error('after the change');
  },
  'as its connection was destroyed': (req, res) => {
    res.flushHeaders();
    req.socket.destroy();
  },
};

describe.each(VERSIONS)('an unsafe method that had said that it succeeded, on %s', (_name, express) => {
  it.each(Object.entries(CUT))('and was cut off %s, left what it had changed', async (_how, change) => {
    const app = express();
    app.set('env', 'test'); // no log of the error
    let version = 1;
    app.use(cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' }));
    app.get('/x', (_req, res) => void res.send(`version ${version}`));
    app.post('/x', (req, res, next) => {
      version++;
      return change(req, res, next);
    });
    const { ask } = await serve(app);
    expect((await ask('/x')).text).toBe('version 1');
    await expect(ask('/x', { method: 'POST' })).rejects.toThrow();
    await turns();
    expect((await ask('/x')).text).toBe('version 2');
  });
});
