import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTerminus } from '@godaddy/terminus';
import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import stoppable, { type StoppableServer } from 'stoppable';
import { afterAll, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { cacheResponse } from '../../src/index.ts';
import { gate, VERSIONS } from '../support/serve.ts';
import { overHttp } from './support/answers.ts';
import { describeTrial } from './support/trial.ts';
import { type Open, overSocket } from './support/twins.ts';

// Ways to end a server: all that runs is let end, refreshes as well.

/** A signal that means nothing to the test runner. */
const SIGNAL = 'SIGUSR2';

/** Ends a server as a process manager would; resolves when nothing of it is left. */
type End = (server: Server) => Promise<void>;

const stop: End = (server) => new Promise((resolve) => (server as StoppableServer).stop(() => resolve()));
const makeStoppable = (server: Server): Server => stoppable(server);

/** All servers with terminus get the signal. In the end it kills the process, once for each of them. */
const shutDown: End = async (server) => {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.once('close', resolve));
  process.emit(SIGNAL, SIGNAL);
  await closed;
};
let servers = 0;
const makeTerminus = (server: Server): Server => {
  servers++;
  return createTerminus(server, { signals: [SIGNAL], timeout: 60_000 });
};
let kill: MockInstance<typeof process.kill>;
beforeAll(() => {
  kill = vi.spyOn(process, 'kill').mockReturnValue(true);
});
afterAll(async () => {
  await vi.waitFor(() => expect(kill).toHaveBeenCalledTimes(servers));
  kill.mockRestore();
});

const WAYS = [
  ['stoppable', makeStoppable, stop],
  ['terminus', makeTerminus, shutDown],
] as const;

describe.each(WAYS)('%s', (_name, wrap, end) => {
  const open: Open = async (app) => {
    const { send, server } = await overSocket(app, wrap);
    return { send, close: () => end(server) };
  };
  describeTrial('around the server', {
    build: ({ app, cached, page }) => void app.get('/page', cached, page),
    open,
    forms: ['json'],
  });

  it.each(VERSIONS)('lets a refresh end on %s', async (_version, express) => {
    const clock = new FakeClock();
    const cache = createCache({ types: {}, clock, logger: false });
    const held = gate();
    const begun = gate();
    let runs = 0;
    const app = express();
    let finished = 0;
    app.get('/', cacheResponse({ cache, clock, ttl: '60s', grace: '60s' }), async (_req, res) => {
      if (++runs === 2) {
        begun.open();
        await held.opened;
      }
      res.once('finish', () => finished++).send(`run ${runs}`);
    });
    const server = wrap(createServer(app)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const send = overHttp((server.address() as AddressInfo).port);
    await send({ path: '/' });
    await cache.settled();
    await clock.advance(61_000);
    expect((await send({ path: '/' })).body.toString()).toBe('run 1');
    await begun.opened;
    const ended = end(server);
    await vi.waitFor(() => expect(server.listening).toBe(false));
    held.open();
    await Promise.all([ended, cache.settled()]);
    expect(runs).toBe(2);
    await vi.waitFor(() => expect(finished).toBe(2));
    await cache.close();
  });
});
