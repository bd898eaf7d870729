import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache } from '@huntly/cache-core';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheResponse } from '../src/index.ts';
import { VERSIONS } from './support/serve.ts';

/** What docs/testing.md says of supertest. */
describe.each(VERSIONS)('supertest, on %s', (_name, express) => {
  const cache = createCache({ types: {}, logger: false });
  const app = express();
  app.get('/leads/:id', cacheResponse({ cache, ttl: '5m' }), (req, res) => void res.json({ id: req.params['id'] }));

  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await cache.close();
  });

  it('sees hits on one server for the suite, by its address or by itself', async () => {
    await request(url)
      .get('/leads/42')
      .expect('Cache-Status', /stored/);
    await cache.settled();
    await request(url).get('/leads/42').expect(200, { id: '42' }).expect('Cache-Status', /hit/);
    await request(server).get('/leads/42').expect(200, { id: '42' }).expect('Cache-Status', /hit/);
    expect(cache.stats()).toMatchObject({ http: { hits: 2, misses: 1 } });
  });

  it('sees none with a port for each call', async () => {
    for (let call = 0; call < 2; call++) {
      await request(app)
        .get('/leads/7')
        .expect('Cache-Status', /fwd=uri-miss/);
      await cache.settled();
    }
  });

  it('sees a miss again after `clear`', async () => {
    await cache.clear();
    await request(url)
      .get('/leads/42')
      .expect('Cache-Status', /fwd=uri-miss/);
  });
});
