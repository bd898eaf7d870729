import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCache, type Logger } from '@huntly/cache-core';
import { type Certificates, issueCertificates } from '@huntly/cache-testing';
import type { Request, RequestHandler } from 'express';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';
import { type ExpressModule, serve, VERSIONS } from '../support/serve.ts';

/** A client got what was made for another one: by its address, by its certificate, by what middleware knew of it. */
describe.each(VERSIONS)('what only one client has, on %s', (_name, express) => {
  function make(more: Partial<CacheResponseOptions> = {}) {
    const warn = vi.fn();
    const logger: Logger = { debug() {}, info() {}, warn, error() {} };
    const cached = cacheResponse({ cache: createCache({ types: {}, logger }), ttl: '5m', ...more });
    return { cached, warnings: () => warn.mock.calls.map(([, text]) => String(text)) };
  }
  const hit = expect.stringContaining('hit') as string;

  it.each<[string, (req: Request) => unknown]>([
    ['req.ip', (req) => req.ip],
    ['req.socket.remoteAddress', (req) => req.socket.remoteAddress],
    ['req.connection.remoteAddress', (req) => Reflect.get(req.connection, 'remoteAddress')],
    ['req.client.remoteAddress', (req) => Reflect.get(Reflect.get(req, 'client') as object, 'remoteAddress')],
    ['res.socket.remoteAddress', (req) => req.res?.socket?.remoteAddress],
    [
      'the socket of a request behind another object',
      (req) => (Object.create(req.socket) as typeof req.socket).remoteAddress,
    ],
  ])('its address, by %s', async (_what, read) => {
    const { cached, warnings } = make();
    const app = express();
    app.get('/', cached, (req, res) => void res.send(String(read(req))));
    const { ask } = await serve(app);
    for (const localAddress of ['127.0.0.5', '127.0.0.6', '127.0.0.5'])
      expect((await ask('/', { localAddress })).text).toBe(localAddress);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(/handler reads .*: req\.(ip|socket\.remoteAddress)$/);
  });

  it('its address, as a trusted proxy says it', async () => {
    const { cached } = make();
    const app = express();
    app.set('trust proxy', true);
    app.get('/ip', cached, (req, res) => void res.send(req.ip));
    app.get('/ips', cached, (req, res) => void res.json(req.ips));
    const { ask } = await serve(app);
    for (const address of ['10.0.0.1', '10.0.0.2']) {
      const headers = { 'x-forwarded-for': `${address}, 10.9.9.9` };
      expect((await ask('/ip', { headers })).text).toBe(address);
      expect((await ask('/ips', { headers })).text).toBe(`["${address}","10.9.9.9"]`);
    }
  });

  it('its address, read after the head was sent', async () => {
    const { cached } = make();
    const app = express();
    app.get('/', cached, (req, res) => {
      res.write('for ');
      setImmediate(() => res.end(req.ip));
    });
    const { ask } = await serve(app);
    for (const localAddress of ['127.0.0.5', '127.0.0.6'])
      expect((await ask('/', { localAddress })).text).toBe(`for ${localAddress}`);
  });

  it('and what looks at it for another reason forbids nothing', async () => {
    const { cached } = make();
    const app = express();
    app.set('trust proxy', (address: string) => address.startsWith('127.'));
    app.use((req, res, next) => {
      res.on('finish', () => req.ip);
      next();
    });
    app.get('/', cached, (req, res) => {
      res.json([req.protocol, req.secure, req.hostname, req.subdomains, res.get('x')]);
    });
    const { ask } = await serve(app);
    await ask('/');
    expect((await ask('/', { localAddress: '127.0.0.9' })).cache).toContain('hit');
  });

  it('reads of one request forbid nothing for the next one of its connection', async () => {
    const { cached } = make();
    const app = express();
    app.get('/ip', cached, (req, res) => void res.send(req.ip));
    app.get('/plain', cached, (_req, res) => void res.send('x'));
    const { port } = await serve(app);
    const said: string[] = [];
    for (const path of ['/ip', '/plain', '/plain']) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      await answer.text();
      said.push(answer.headers.get('cache-status') ?? '');
    }
    expect(said[0]).toContain('detail=client');
    expect(said[1]).toContain('stored');
    expect(said[2]).toContain('hit');
  });

  it('the version of its protocol', async () => {
    const { cached } = make();
    const app = express();
    app.use((req, _res, next) => {
      const version = req.get('x-version');
      if (version) Object.assign(req, { httpVersion: version });
      next();
    });
    app.get('/', cached, (req, res) => void res.send(req.httpVersion));
    const { ask } = await serve(app);
    for (const version of ['1.1', '1.0', '1.1', '1.0'])
      expect((await ask('/', { headers: { 'x-version': version } })).text).toBe(version);
    expect((await ask('/', { headers: { 'x-version': '1.0' } })).cache).toContain('hit');
  });

  it('a socket of its own, as adapters of other platforms make it', async () => {
    const { cached } = make();
    const app = express();
    app.use((req, _res, next) => {
      const remoteAddress = req.get('x-from');
      const socket = { encrypted: true, readable: false, remoteAddress, address: () => ({ port: 443 }), destroy() {} };
      const own = {
        socket,
        connection: socket,
        client: socket,
        httpVersionMajor: '1',
        httpVersionMinor: '1',
      };
      Object.assign(req, own);
      Object.defineProperty(req, 'ip', { value: remoteAddress, writable: true, enumerable: true, configurable: true });
      next();
    });
    app.get('/', cached, (req, res) => void res.send(req.protocol));
    app.get('/ip', cached, (req, res) => void res.send(`${req.ip} ${req.socket.remoteAddress}`));
    const { ask } = await serve(app);
    const from = (address: string) => ({ headers: { 'x-from': address } });
    expect((await ask('/', from('10.0.0.1'))).cache).toContain('stored');
    expect(await ask('/', from('10.0.0.2'))).toMatchObject({ text: 'https', cache: hit });
    for (const address of ['10.0.0.1', '10.0.0.2'])
      expect((await ask('/ip', from(address))).text).toBe(`${address} ${address}`);
  });

  it('the port that a trusted proxy says it was asked for', async () => {
    const { cached } = make();
    const app = express();
    app.set('trust proxy', true);
    app.get('/', cached, (req, res) => void res.json([req.hostname, req.get('x-forwarded-host')]));
    const { ask } = await serve(app);
    for (const host of ['a.example:81', 'a.example:82', 'a.example:81'])
      expect((await ask('/', { headers: { 'x-forwarded-host': host } })).text).toBe(`["a.example","${host}"]`);
  });

  describe('what middleware has read of its cookies', () => {
    const asks = (cookie: string) => ({ headers: { cookie } });
    async function open(more: Partial<CacheResponseOptions>, handler: RequestHandler) {
      const { cached } = make(more);
      const app = express();
      app.use((req, _res, next) => {
        const cookies = Object.fromEntries(new URLSearchParams((req.headers.cookie ?? '').replaceAll('; ', '&')));
        Object.assign(req, { cookies, signedCookies: {} });
        if (cookies['sid']) Object.assign(req, { session: { of: cookies['sid'] }, sessionID: cookies['sid'] });
        next();
      });
      app.get('/', cached, handler);
      return (await serve(app)).ask;
    }

    it('is not shared by a `shared` route that reads it', async () => {
      const ask = await open({ shared: true }, (req, res) => void res.send(String(req.cookies['theme'])));
      for (const theme of ['dark', 'light', 'dark']) expect((await ask('/', asks(`theme=${theme}`))).text).toBe(theme);
    });

    it('is not shared by a `shared` route that reads the session, which stays what its handler made it', async () => {
      const seen: unknown[] = [];
      const ask = await open({ shared: true }, (req, res) => {
        const { session } = req as Request & { session: { of: string } };
        Object.assign(req, { session: { of: 'new' } });
        res.on('finish', () =>
          seen.push(Reflect.get(req, 'session'), Object.getOwnPropertyDescriptor(req, 'session')?.value),
        );
        res.send(session.of);
      });
      for (const sid of ['1', '2']) expect((await ask('/', asks(`sid=${sid}`))).text).toBe(sid);
      expect(seen).toEqual(Array(4).fill({ of: 'new' }));
    });

    it('is kept for its user with `identity`', async () => {
      const identity = (req: Request) => req.cookies['sid'] as string;
      const ask = await open({ identity, secret: 'a secret of more than 16' }, (req, res) =>
        res.json([req.cookies, Reflect.get(req, 'session')]),
      );
      for (const sid of ['1', '2', '1']) expect((await ask('/', asks(`sid=${sid}`))).text).toContain(`"sid":"${sid}"`);
      expect((await ask('/', asks('sid=1'))).cache).toContain('hit');
    });

    it('forbids nothing where nobody reads it, or it is empty', async () => {
      const quiet = await open({ shared: true }, (_req, res) => void res.send('x'));
      await quiet('/', asks('theme=dark'));
      expect(await quiet('/', asks('theme=light'))).toMatchObject({ cache: hit });
      const reading = await open({ shared: true }, (req, res) => void res.json(req.cookies));
      await reading('/');
      expect(await reading('/')).toMatchObject({ text: '{}', cache: hit });
    });
  });

  it('a property that middleware has fixed: such a request is passed by', async () => {
    const { cached, warnings } = make();
    const app = express();
    app.use((req, _res, next) => {
      const fix = req.get('x-fix');
      if (fix === 'all') Object.freeze(req);
      else if (fix)
        Object.defineProperty(req, fix, { value: Reflect.get(req, fix), writable: false, configurable: false });
      next();
    });
    app.use('/', cached, (req, res) => void res.json([req.get('x-fix'), req.query, req.url]));
    const { ask } = await serve(app);
    const fixed = ['ip', 'headers', 'url', 'originalUrl', 'rawHeaders'];
    for (const fix of fixed) {
      const { text, status, cache } = await ask(`/?fix=${fix}`, { headers: { 'x-fix': fix } });
      expect({ text, status, cache }, fix).toEqual({
        text: `["${fix}",{"fix":"${fix}"},"/?fix=${fix}"]`,
        status: 200,
        cache: 'fwd=bypass; detail=uncacheable',
      });
    }
    expect(warnings()).toHaveLength(fixed.length);
    await ask('/');
    expect((await ask('/')).cache).toContain('hit');
  });

  describe('a certificate', () => {
    let certificates: Certificates;
    beforeAll(async () => {
      certificates = await issueCertificates();
    });

    async function secured(app: ReturnType<ExpressModule>) {
      const { ca, cert, key } = certificates;
      const server = createServer({ ca, cert, key, requestCert: true, rejectUnauthorized: false }, app);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
      const { port } = server.address() as AddressInfo;
      return (path: string, own?: Certificates) =>
        new Promise<{ text: string; cache: string }>((resolve, reject) => {
          const credentials = own && { cert: own.cert, key: own.key };
          const outgoing = request({ port, host: '127.0.0.1', path, ca, agent: false, ...credentials }, (incoming) => {
            let text = '';
            incoming.setEncoding('utf8').on('data', (part: string) => {
              text += part;
            });
            incoming.on('end', () => resolve({ text, cache: String(incoming.headers['cache-status']) }));
          });
          outgoing.on('error', reject).end();
        });
    }
    const serialOf = (req: Request) =>
      (Reflect.get(req.socket, 'getPeerCertificate') as () => { serialNumber?: string }).call(req.socket).serialNumber;
    const says: RequestHandler = (req, res) => void res.send(`for ${serialOf(req)}`);

    it('makes a client somebody: not cached, but with `shared` or `identity`', async () => {
      const others = await issueCertificates();
      const app = express();
      const identity = serialOf as (req: Request) => string;
      app.get('/plain', make().cached, says);
      app.get('/shared', make({ shared: true }).cached, says);
      app.get('/quiet', make({ shared: true }).cached, (_req, res) => void res.send('x'));
      app.get('/own', make({ identity, secret: 'a secret of more than 16' }).cached, says);
      app.get('/nobody', make({ identity: () => undefined as never, secret: 'a secret of more than 16' }).cached, says);
      const ask = await secured(app);
      for (const path of ['/plain', '/shared', '/own', '/nobody']) {
        const seen = [await ask(path, certificates), await ask(path, others), await ask(path)];
        expect(new Set(seen.map(({ text }) => text)).size, path).toBe(3);
        expect((await ask(path, certificates)).text, path).toBe(seen[0]?.text);
      }
      expect((await ask('/plain', certificates)).cache).toContain('detail=credentials');
      expect((await ask('/nobody', certificates)).cache).toContain('detail=identity');
      expect((await ask('/own', certificates)).cache).toContain('hit');
      expect((await ask('/shared', certificates)).cache).not.toContain('hit');
      await ask('/quiet', certificates);
      expect((await ask('/quiet')).cache).toContain('hit');
      await ask('/plain');
      expect((await ask('/own')).cache).toContain('hit');
    });

    it('and a secured connection is not a plain one, whatever a trusted proxy says of both', async () => {
      const { cached } = make();
      const app = express();
      app.set('trust proxy', true);
      app.use((req, _res, next) => {
        req.headers.host = 'one.example';
        req.headers['x-forwarded-proto'] = 'https';
        next();
      });
      app.get(
        '/',
        cached,
        (req, res) => void res.send(`${req.protocol} ${String(Reflect.get(req.socket, 'encrypted'))}`),
      );
      const ask = await secured(app);
      const { ask: askPlain } = await serve(app);
      expect((await ask('/')).text).toBe('https true');
      expect((await askPlain('/')).text).toBe('https undefined');
      expect((await ask('/')).cache).toContain('hit');
    });
  });
});
