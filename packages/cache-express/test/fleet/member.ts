import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { serveFleet } from '@huntly/cache-testing';
import express from 'express';
import { cacheResponse } from '../../src/index.ts';
import { send } from '../support/send.ts';

/** One process of a service behind a load balancer: its own server and cache, one Redis for all. */
serveFleet(() => {
  let port = 0;
  let runs = 0;
  return {
    async open({ url }: { url: string }): Promise<void> {
      const cache = createCache({ namespace: 'fleet', types: {}, logger: false, store: redisStore({ url }) });
      await cache.ready();
      const app = express();
      app.get('/slow', cacheResponse({ cache, ttl: '5m', query: ['q'] }), async (req, res) => {
        runs++;
        await new Promise((resolve) => setTimeout(resolve, 300));
        res.json({ q: req.query['q'], by: process.pid });
      });
      const server = createServer(app).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      ({ port } = server.address() as AddressInfo);
    },
    /** Asks this process many times at once, as one host whichever process answers. */
    async storm({ path, count }: { path: string; count: number }): Promise<{ status: number; text: string }[]> {
      const asked = Array.from({ length: count }, () => send(port, path, { headers: { host: 'shop.example' } }));
      return (await Promise.all(asked)).map(({ status, text }) => ({ status, text }));
    },
    runs: () => runs,
  };
});
