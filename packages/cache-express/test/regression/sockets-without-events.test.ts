import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import { refreshing, turns } from '../support/refreshed.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/**
 * Adapters of other platforms give a request an object as its socket that is no stream: such a request was never
 * answered.
 */
describe.each(VERSIONS)('a socket without events, on %s', (_name, express) => {
  async function open(socketOf: (address: string | undefined) => object) {
    const { route, clock } = refreshing();
    let runs = 0;
    const app = express();
    app
      .route('/leads')
      .all(route)
      .get((_req, res) => void res.json({ run: ++runs }))
      .post((_req, res) => void res.sendStatus(204));
    const platform = express();
    platform.use((req, res) => {
      const socket = socketOf(req.socket.remoteAddress);
      Object.assign(req, { socket, connection: socket, client: socket });
      app(req, res);
    });
    const { ask } = await serve(platform);
    return { ask, clock };
  }
  const plain = (remoteAddress: string | undefined): Partial<Request['socket']> => ({
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    destroy() {
      return this as Request['socket'];
    },
  });

  it('a response is stored, refreshed and dropped', async () => {
    const { ask, clock } = await open(plain);
    expect((await ask('/leads')).cache).toContain('stored');
    expect((await ask('/leads')).cache).toContain('hit');
    expect((await ask('/leads', { method: 'POST' })).status).toBe(204);
    expect((await ask('/leads')).text).toBe('{"run":2}');
    await clock.advance(61_000);
    expect((await ask('/leads')).text).toBe('{"run":2}');
    await turns();
    expect((await ask('/leads')).text).toBe('{"run":3}');
  });

  it('one that nothing can be written on: the request is passed by, and a method that changes something drops', async () => {
    const { ask } = await open((address) => Object.freeze(plain(address)));
    expect(await ask('/leads')).toMatchObject({
      text: '{"run":1}',
      cache: expect.stringContaining('bypass') as string,
    });
    expect(await ask('/leads', { method: 'POST' })).toMatchObject({ status: 204, cache: 'fwd=method' });
  });
});
