import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import http, { type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { issueCertificates } from '@huntly/cache-testing';
import type { Application, Request, RequestHandler, Response } from 'express';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRefresh } from '../../src/index.ts';
import { refreshing, turns } from '../support/refreshed.ts';
import { send } from '../support/send.ts';
import { gate, serve, VERSIONS } from '../support/serve.ts';

/** A background refresh was an object that looked like a request, on a socket that was none. */
describe.each(VERSIONS)('a refresh was no request, on %s', (_name, express) => {
  /** Counts clients by address, as rate limiters do. */
  function limiter(skip: (req: Request) => boolean = () => false) {
    const counts = new Map<string, number>();
    const handler: RequestHandler = (req, _res, next) => {
      if (!skip(req)) counts.set(String(req.ip), (counts.get(String(req.ip)) ?? 0) + 1);
      next();
    };
    return { counts, handler };
  }

  /** Asks, lets the response grow old, asks again and waits for the refresh. */
  async function refresh(ask: () => Promise<unknown>, clock: { advance(ms: number): Promise<void> }) {
    await ask();
    await clock.advance(61_000);
    await ask();
    await turns();
  }

  it('is told from the requests of clients, by rate limiters and loggers', async () => {
    const { route, clock } = refreshing();
    const { counts, handler } = limiter(isRefresh);
    const lines: string[] = [];
    const app = express();
    app.use((req, res, next) => {
      res.on('finish', () => isRefresh(req) || lines.push(`${req.method} ${req.url} ${res.statusCode}`));
      next();
    });
    app.use(handler);
    const runs: boolean[] = [];
    app.get('/', route, (req, res) => res.send(`run ${runs.push(isRefresh(req))}`));
    const { ask } = await serve(app);
    await refresh(() => ask('/'), clock);
    expect((await ask('/')).text).toBe('run 2');
    expect(runs).toEqual([false, true]);
    expect([...counts.values()]).toEqual([3]);
    expect(lines).toHaveLength(3);
  });

  it('no client can pose as one', async () => {
    const { route } = refreshing();
    const app = express();
    app.get('/', route, (req, res) => res.send(String(isRefresh(req))));
    const { ask } = await serve(app);
    for (const name of ['@huntly/cache-express/refresh', 'x-refresh', 'huntly'].map((text) =>
      text.replace(/[@/]/g, ''),
    ))
      expect((await ask('/', { headers: { [name]: '1' } })).text).toBe('false');
    expect(isRefresh({ socket: new PassThrough() as unknown as Socket })).toBe(false);
  });

  it('middleware may ask its socket whatever it asks a socket', async () => {
    const { route, clock, warnings } = refreshing();
    const seen: unknown[] = [];
    const app = express();
    app.use((req, _res, next) => {
      const { socket } = req;
      socket.setTimeout(1_000).setNoDelay().setKeepAlive().ref().unref();
      const { address, port, family } = socket.address() as AddressInfo;
      seen.push([address, port, family, socket.remoteAddress, socket.remotePort, socket.localPort, socket.readyState]);
      seen.push([socket.destroyed, socket.writable, req.httpVersion, req.complete, req.get('host'), req.method]);
      next();
    });
    let runs = 0;
    app.get('/', route, (_req, res) => res.send(`run ${++runs}`));
    const { ask } = await serve(app);
    await refresh(() => ask('/'), clock);
    expect(runs).toBe(2);
    expect(seen.slice(4, 6)).toEqual(seen.slice(2, 4)); // the refresh, and the request that it is for
    expect(warnings).toEqual([]);
  });

  it('headers of a body, of the connection and of other answers are not sent again; all others are, as they came', async () => {
    const { route, clock } = refreshing();
    const seen: string[][] = [];
    const app = express();
    app.use((req, _res, next) => {
      seen.push(req.rawHeaders);
      next();
    });
    app.get('/', route, (_req, res) => res.send('x'));
    const { ask } = await serve(app);
    const headers = {
      'X-Many': ['a', 'b'],
      'X-Latin': 'Müller',
      'Content-Length': '0',
      Expect: '100-continue',
      Upgrade: 'h2c',
      Connection: 'upgrade, keep-alive',
      'If-None-Match': '"x"',
      Range: 'bytes=0-1',
      TE: 'trailers',
    };
    await refresh(() => ask('/', { headers: headers as never }), clock);
    const names = seen[2]?.filter((_text, index) => index % 2 === 0);
    expect(names).toEqual(['X-Many', 'X-Many', 'X-Latin', 'TE', 'Host', 'Connection']);
    expect(seen[2]).toEqual(expect.arrayContaining(['a', 'b', 'trailers', 'close']));
    const latin = (raw: string[] | undefined) => raw?.[raw.indexOf('X-Latin') + 1];
    expect(latin(seen[1])).toMatch(/^M.+ller$/);
    expect(latin(seen[2])).toBe(latin(seen[1]));
  });

  it('leaves no socket behind, and keeps no server from closing', async () => {
    const { route, clock } = refreshing();
    const blocked = gate();
    let runs = 0;
    const app = express();
    app.get('/', route, async (_req, res) => {
      if (++runs > 4) await blocked.opened;
      res.send(`run ${runs}`);
    });
    const server = app.listen(0, '127.0.0.1');
    let open = 0;
    server.on('connection', (socket: Socket) => {
      open++;
      socket.once('close', () => open--);
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ask = () => send(port, '/');
    for (const _ of [1, 2, 3]) await refresh(ask, clock);
    await turns();
    expect(open).toBe(0);
    expect(runs).toBe(4);
    await clock.advance(61_000);
    await ask(); // its refresh hangs
    await turns();
    expect(runs).toBe(5);
    expect(open).toBe(1);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await clock.advance(31_000); // the timeout of the refresh
    await turns();
    expect(open).toBe(0);
    blocked.open();
  });

  it('a server that closes its connections ends it', async () => {
    const { route, clock, warnings } = refreshing();
    let runs = 0;
    const app = express();
    app.get('/', route, (_req, res) => {
      if (++runs === 1) res.send('x'); // the refresh is not answered
    });
    const { ask, server } = await served(app);
    await refresh(ask, clock);
    expect(runs).toBe(2);
    server.closeAllConnections();
    await turns();
    await clock.advance(1_000);
    await ask(); // the stale response serves on, and another refresh begins
    await turns();
    expect(runs).toBe(3);
    server.closeAllConnections();
    await turns();
    expect(warnings.map(({ fields }) => fields['failures'])).toEqual([2]);
  });

  it('it does not run in the context of the request that set it off', async () => {
    const user = new AsyncLocalStorage<string>();
    const { route, clock } = refreshing();
    const seen: unknown[] = [];
    const app = express();
    app.use((req, _res, next) => {
      seen.push(user.getStore());
      user.run(String(req.get('x-user') ?? 'nobody'), next);
    });
    app.get('/', route, (_req, res) => res.send('x'));
    const { ask } = await serve(app);
    await refresh(() => ask('/', { headers: { 'x-user': 'alice' } }), clock);
    expect(seen).toEqual([undefined, undefined, undefined]);
  });

  it('goes through the listeners of its server, on https too', async () => {
    const { ca, cert, key } = await issueCertificates();
    const { route, clock, warnings } = refreshing();
    const seen: unknown[] = [];
    const app = express();
    app.use((req, _res, next) => {
      seen.push([req.secure, req.protocol, Reflect.get(req.socket, 'encrypted'), isRefresh(req)]);
      next();
    });
    let runs = 0;
    app.get('/', route, (_req, res) => res.send(`run ${++runs}`));
    const { port, server } = await served(app, (listener) => https.createServer({ cert, key }, listener));
    let open = 0;
    server.on('secureConnection', (socket: Socket) => {
      open++;
      socket.once('close', () => open--);
    });
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        const outgoing = https.get({ port, host: '127.0.0.1', ca, agent: false }, (incoming) => {
          incoming.setEncoding('utf8').on('data', resolve);
        });
        outgoing.on('error', reject);
      });
    await refresh(ask, clock);
    expect(seen[2]).toEqual([true, 'https', true, true]);
    expect(await ask()).toBe('run 2');
    await turns();
    expect(warnings).toEqual([]);
    await expect.poll(() => open).toBe(0);
  });

  it.each([
    ['an adapter', (app: Application) => app],
    ['an adapter, and an app in the app', (app: Application) => express().use(app) as Application],
  ])('without a server it goes to the app itself: %s', async (_what, around) => {
    const { route, clock, warnings } = refreshing();
    let runs = 0;
    const inner = express();
    inner.use((req, _res, next) => {
      if (isRefresh(req)) req.socket.address(); // whatever the adapter made the first request of
      next();
    });
    inner.get('/', route, (_req, res) => res.send(`run ${++runs}`));
    const app = around(inner);
    const ask = () => inject(app, '/');
    expect(await ask()).toBe('run 1');
    await clock.advance(61_000);
    expect(await ask()).toBe('run 1');
    await turns();
    expect(await ask()).toBe('run 2');
    expect(warnings).toEqual([]);
  });

  it('that keeps failing is a warning', async () => {
    const { route, clock, warnings } = refreshing();
    const app = express();
    app.use((req, res, next) => (isRefresh(req) ? void res.sendStatus(401) : next()));
    app.get('/', route, (_req, res) => res.send('x'));
    const { ask } = await serve(app);
    await ask('/');
    await clock.advance(61_000);
    for (let time = 0; time < 5; time++) {
      expect((await ask('/')).text).toBe('x');
      await turns();
      await clock.advance(1_000);
    }
    expect(warnings.map(({ fields: { route, failures } }) => [route, failures])).toEqual([
      ['/', 2],
      ['/', 4],
    ]);
    expect(String(warnings[0]?.fields['err'])).toContain('answered with 401 before it came to its route');
    expect(warnings[0]?.message).toContain('cannot be refreshed');
  });

  it.each<[string, (req: Request, res: Response) => unknown]>([
    ['destroys the socket', (req) => req.socket.destroy()],
    ['destroys the response midway', (_req, res) => [res.write('x'), res.destroy()]],
    ['ends the socket', (req) => req.socket.end()],
  ])('a handler that %s ends it', async (_what, fail) => {
    const { route, clock, warnings } = refreshing();
    let runs = 0;
    const app = express();
    app.get('/', route, (req, res) => (++runs === 1 ? res.send('x') : void fail(req, res)));
    const { ask } = await serve(app);
    await ask('/');
    await clock.advance(61_000);
    for (let time = 0; time < 2; time++) {
      expect((await ask('/')).text).toBe('x');
      await turns();
      await clock.advance(1_000);
    }
    expect(runs).toBe(3);
    expect(warnings).toHaveLength(1);
  });

  async function served(app: Application, make: (listener: RequestListener) => Server = http.createServer) {
    const server = make(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { port, server, ask: () => send(port, '/') };
  }
});

/** As light-my-request and adapters of serverless platforms do: objects in the place of a connection. */
function inject(app: Application, url: string): Promise<string> {
  const req = new http.IncomingMessage(new PassThrough() as unknown as Socket);
  Object.assign(req, { method: 'GET', url, headers: { host: 'localhost' } });
  req.push(null);
  const res = new http.ServerResponse(req);
  const sent = new PassThrough();
  const chunks: Buffer[] = [];
  sent.on('data', (chunk: Buffer) => chunks.push(chunk));
  res.assignSocket(sent as unknown as Socket);
  app(req as Request, res as Response);
  return new Promise((resolve) =>
    res.once('finish', () => resolve(Buffer.concat(chunks).toString().split('\r\n\r\n')[1] ?? '')),
  );
}
