import { readFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { createCache } from '@huntly/cache-core';
import { issueCertificates } from '@huntly/cache-testing';
import type { Request } from 'express';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { cacheResponse } from '../src/index.ts';
import { type ExpressModule, serve, VERSIONS } from './support/serve.ts';

/** The two tables of docs/http.md: by property, what it is. */
const tables = (() => {
  const text = readFileSync(new URL('../../../docs/http.md', import.meta.url), 'utf8');
  const section = text.split('### What the handler sees\n')[1]?.split('\n### ')[0] ?? '';
  return ['of the request', 'of the socket'].map((of) => {
    const rows = section.split(`| ${of} | is |\n|---|---|\n`)[1]?.split('\n\n')[0] ?? '';
    const cells = rows.split('\n').map((row) => row.split(' | '));
    return new Map(
      cells.flatMap(([names = '', is = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name ?? '', is])),
    );
  });
})();
const [ofRequest = new Map<string, string>(), ofSocket = new Map<string, string>()] = tables;

/** What every stream and emitter has. */
const OF_STREAMS = namesOf(new Duplex());

function namesOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let holder = object; holder && holder !== Object.prototype; holder = Object.getPrototypeOf(holder) as object) {
    for (const name of Object.getOwnPropertyNames(holder)) names.add(name);
  }
  return names;
}

function unlisted(object: object, table: ReadonlyMap<string, string>): string[] {
  return [...namesOf(object)].filter((name) => !name.startsWith('_') && !OF_STREAMS.has(name) && !table.has(name));
}

describe.each(VERSIONS)('the table of what a handler sees, on %s', (_name, express) => {
  let certificates: Awaited<ReturnType<typeof issueCertificates>>;
  beforeAll(async () => {
    certificates = await issueCertificates();
  });

  /** Asks for a path without and with TLS. */
  async function open(app: ReturnType<ExpressModule>) {
    const { ask } = await serve(app);
    const { ca, cert, key } = certificates;
    const server = createServer({ cert, key }, app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    const { port } = server.address() as AddressInfo;
    const askTls = (path: string) =>
      new Promise<string>((resolve, reject) => {
        const outgoing = request({ port, host: '127.0.0.1', path, ca, agent: false }, (incoming) => {
          incoming.resume().on('end', () => resolve(String(incoming.headers['cache-status'])));
        });
        outgoing.on('error', reject).end();
      });
    return { plain: async (path: string) => (await ask(path)).cache, tls: askTls };
  }

  it('lists each property of the request and of its socket', async () => {
    const found: Record<string, string[]> = {};
    const app = express();
    app.get('/:kind', (req, res) => {
      found[`request, ${req.params['kind']}`] = unlisted(req, ofRequest);
      found[`socket, ${req.params['kind']}`] = unlisted(req.socket, ofSocket);
      res.end();
    });
    const { plain, tls } = await open(app);
    await plain('/plain');
    await tls('/tls');
    found['IncomingMessage'] = unlisted(IncomingMessage.prototype, ofRequest);
    const none: string[] = [];
    expect(found).toEqual({
      'request, plain': none,
      'socket, plain': none,
      'request, tls': none,
      'socket, tls': none,
      IncomingMessage: none,
    });
  });

  it('is true: what is forbidden forbids, and nothing else does', async () => {
    const cached = cacheResponse({ cache: createCache({ types: {}, logger: false }), ttl: '5m' });
    let read: (req: Request) => unknown = () => undefined;
    const app = express();
    app.get('/:name', cached, (req, res) => {
      read(req);
      res.send('x');
    });
    const { plain, tls } = await open(app);
    const quiet = ['param', 'acceptsCharset', 'acceptsEncoding', 'acceptsLanguage']; // deprecated; so is `host` on Express 4
    const isQuiet = (name: string) => quiet.includes(name) || (name === 'host' && express === VERSIONS[0][1]);
    for (const [name, is] of ofRequest) {
      if (isQuiet(name)) continue;
      read = (req) => Reflect.get(req, name);
      const isForbidden = is === 'forbidden |' || is === 'forbidden';
      expect(await plain(`/request-${name}`), name).toContain(isForbidden ? 'detail=client' : 'stored');
    }
    for (const [name, is] of ofSocket) {
      let isThere = false;
      read = ({ socket }) => {
        isThere = name in socket;
        return Reflect.get(socket, name);
      };
      for (const ask of [plain, tls]) {
        const said = await ask(`/socket-${name}-${ask === tls}`);
        expect(said, name).toContain(isThere && is.startsWith('forbidden') ? 'detail=client' : 'stored');
      }
    }
  });
});
