import { connect, type Socket } from 'node:net';
import { createCache } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

/** Sends all requests at once, without waiting for answers (pipelining), and resolves with all that came by the last one. */
async function askAtOnce(port: number, requests: readonly string[]): Promise<{ text: string; socket: Socket }> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  const all = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (text.split('HTTP/1.1 200 OK').length > requests.length) resolve();
    });
  });
  socket.write(requests.join(''));
  await all;
  return { text, socket };
}

describe.each(VERSIONS)('many requests of one connection, on %s', (_name, express) => {
  it('do not add up listeners of its socket', async () => {
    const app = express();
    const counts: number[] = [];
    const { opened, open } = gate();
    const cached = cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m' });
    const handler: RequestHandler = async (req, res) => {
      counts.push(req.socket.listenerCount('close'));
      if (counts.length === 20) open();
      await opened;
      res.send('x');
    };
    app.get('/:id', cached, handler);
    const { port } = await serve(app);
    const requests = Array.from({ length: 20 }, (_, id) => `GET /${id} HTTP/1.1\r\nHost: a.example\r\n\r\n`);
    const { socket } = await askAtOnce(port, requests); // a warning of the process fails the test
    expect(Math.max(...counts)).toBe(counts[0]);
    socket.destroy();
  });
});
