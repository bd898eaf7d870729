import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { send } from '../support/send.ts';
import { VERSIONS } from '../support/serve.ts';

describe.each(VERSIONS)('an unsafe method through the caches of several apps, on %s', (_name, express) => {
  it.each([2, 3])('lets its connection end, with %d of them', async (count) => {
    const cached = () => cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '1m', scope: 'all' });
    const app = express();
    for (let index = 0; index < count; index++) app.use(cached());
    app.post('/leads', (_req, res) => void res.status(201).send('made'));
    const server = createServer(app).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const answer = await send((server.address() as AddressInfo).port, '/leads', { method: 'POST' });
    expect(answer).toMatchObject({ status: 201, text: 'made' });
    await new Promise((resolve) => server.close(resolve)); // waits for connections that are not ended
  });
});
