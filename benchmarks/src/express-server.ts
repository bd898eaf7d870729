// The server of express.ts: one body behind a plain Express route, from the local tier, and from Redis.
import type { AddressInfo } from 'node:net';
import { createCache } from '@huntly/cache-core';
import { cacheResponse, responseType } from '@huntly/cache-express';
import { redisStore } from '@huntly/cache-redis';
import express, { type RequestHandler, type Response } from 'express';

const url = process.argv[2] ?? '';
const body = Buffer.from(process.argv[3] ?? '');

const local = createCache({
  namespace: 'local',
  types: { http: responseType() },
  store: redisStore({ url }),
  local: true,
  logger: false,
});
const shared = createCache({ namespace: 'shared', types: {}, store: redisStore({ url }), logger: false });
await Promise.all([local.ready(), shared.ready()]);

/** What a hit sends, as its author would write it. */
const HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'public, no-cache',
  etag: 'W/"0123456789abcdefghijklmnopq"',
  date: new Date().toUTCString(),
  age: '1',
  'cache-status': 'huntly; hit; ttl=3599',
  'content-length': String(body.length),
};
function same(res: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value);
  return res;
}
const answer: RequestHandler = (_req, res) => void res.type('json').set('ETag', HEADERS.etag).send(body);

const app = express();
app.get('/end', (_req, res) => void same(res).end(body));
app.get('/send', (_req, res) => void same(res).send(body));
app.get('/local', cacheResponse({ cache: local, ttl: '1h', query: ['q', 'page'] }), answer);
app.get('/redis', cacheResponse({ cache: shared, ttl: '1h', query: ['q', 'page'] }), answer);
app.get('/cpu', (_req, res) => {
  const { user, system } = process.cpuUsage();
  res.send(String(user + system));
});
const server = app.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
