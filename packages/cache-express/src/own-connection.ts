import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { Application, Request } from 'express';
import { appsAround } from './express-app.ts';
import { serverOf, standInForAdapter } from './server-of.ts';

/**
 * An in-memory connection to the server of a request: what is sent on it passes whatever lies around the app, as the
 * request did.
 */
export interface OwnConnection {
  /** The end of the client: for `createConnection` of `http.request`. */
  readonly client: Duplex;
  /** The end of the server: the `req.socket` of each request on it. */
  readonly server: Duplex;
  /** Gives the server its end. */
  open(): void;
}

/**
 * Opens no port: no client can reach it. One for each app, so that its connections are told and closed by one server.
 */
const SERVERS = new WeakMap<Application, http.Server>();

/**
 * A connection that no client has opened. It says of its other end what the socket of `req` says, so that `req.ip` and
 * the like are those of the request. A request without a server (light-my-request, an adapter of a serverless platform,
 * an HTTP/2 session) has its app served by a server that listens nowhere.
 */
export function connectionLike(req: Request): OwnConnection {
  const [client, server] = duplexPair();
  for (const [side, other] of [
    [client, server],
    [server, client],
  ] as const) {
    side.on('error', ignore); // 'close' tells enough; without a listener an error would end the process
    side.once('close', () => other.destroy()); // Node 20 leaves the other one open
  }
  likeSocket(server, req.socket);
  const target = targetOf(req);
  const event = target instanceof https.Server ? 'secureConnection' : 'connection'; // TLS is behind us
  return { client, server, open: () => void target.emit(event, server) };
}

function ignore(): void {}

function targetOf(req: Request): http.Server {
  const server = serverOf(req);
  if (server) return server;
  const [app = req.app] = appsAround(req.app);
  let own = SERVERS.get(app);
  if (!own) {
    own = standInForAdapter(http.createServer(app));
    SERVERS.set(app, own);
  }
  return own;
}

const TLS_FACTS = ['encrypted', 'authorized', 'authorizationError', 'alpnProtocol', 'servername'] as const;
const TLS_METHODS = [
  'getPeerCertificate',
  'getPeerX509Certificate',
  'getCipher',
  'getProtocol',
  'isSessionReused',
] as const;

/** What a socket has and a stream has not, as the socket of the request says it. */
function likeSocket(side: Duplex, socket: Socket): void {
  const { remoteAddress, remoteFamily, remotePort, localAddress, localPort, localFamily } = socket;
  const itself = () => side;
  Object.assign(side, {
    remoteAddress,
    remoteFamily,
    remotePort,
    localAddress,
    localPort,
    localFamily,
    address: () => ({ address: localAddress, port: localPort, family: localFamily }),
    connecting: false,
    pending: false,
    readyState: 'open',
    bytesRead: 0,
    bytesWritten: 0,
    timeout: 0,
    setTimeout: itself, // a refresh has a timeout of its own
    setNoDelay: itself,
    setKeepAlive: itself,
    ref: itself,
    unref: itself,
    destroySoon: () => side.end(() => side.destroy()),
    resetAndDestroy: () => side.destroy(),
  });
  if (Reflect.get(socket, 'encrypted') !== true) return;
  for (const name of TLS_FACTS) Reflect.set(side, name, Reflect.get(socket, name));
  for (const name of TLS_METHODS) {
    const method: unknown = Reflect.get(socket, name);
    if (typeof method !== 'function') continue;
    const answer: unknown = Reflect.apply(method, socket, [true]); // now: once the client has left there is none
    Reflect.set(side, name, () => answer);
  }
}
