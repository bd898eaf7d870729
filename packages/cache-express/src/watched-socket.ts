import type { Socket } from 'node:net';

/** What a socket tells of the client, or of the way that it came: the key holds none of it. */
const OF_THE_CLIENT = [
  'address',
  'alpnProtocol',
  'bytesRead',
  'bytesWritten',
  'exportKeyingMaterial',
  'getCertificate',
  'getCipher',
  'getEphemeralKeyInfo',
  'getFinished',
  'getPeerFinished',
  'getProtocol',
  'getSession',
  'getSharedSigalgs',
  'getTLSTicket',
  'getX509Certificate',
  'isSessionReused',
  'localAddress',
  'localFamily',
  'localPort',
  'remoteAddress',
  'remoteFamily',
  'remotePort',
  'servername',
  'ssl',
] as const;
/** What it tells of who asks. */
const OF_WHO_ASKS = ['authorizationError', 'authorized', 'getPeerCertificate', 'getPeerX509Certificate'] as const;

/** For all copies of this package in the process: one that prepared a socket again would hide reads from the first. */
const WATCH = Symbol.for('@huntly/cache-express/watch');
const NAMES: readonly string[] = [...OF_THE_CLIENT, ...OF_WHO_ASKS];
const WHO_ASKS: ReadonlySet<string> = new Set(OF_WHO_ASKS);

/** Is told what is read of a socket, and whether that tells who asks. */
export type SocketListener = (name: string, tellsWhoAsks: boolean) => void;

interface Watch {
  /** A reader may have another object that inherits from it. */
  readonly socket: Socket;
  readonly listeners: Set<SocketListener>;
  /** Of the properties that the socket itself had. */
  readonly values: Map<string, unknown>;
}
type Watched = Socket & { [WATCH]?: Watch };

/**
 * Tells the listener what is read of a socket, however the reader came by it (`req.socket`, `req.client`,
 * `res.connection`), until the returned function is called. A socket serves many requests, so it stays prepared;
 * without a listener a read only takes a little longer.
 */
export function watchSocket(socket: Socket, listener: SocketListener): () => void {
  const { listeners } = (socket as Watched)[WATCH] ?? prepare(socket);
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Does the connection show a certificate of its client? It is somebody, then. */
export function hasCertificate(socket: Socket | undefined): boolean {
  const getPeerCertificate: unknown = socket && Reflect.get(socket, 'getPeerCertificate');
  if (typeof getPeerCertificate !== 'function') return false;
  const certificate: unknown = getPeerCertificate.call(socket);
  return typeof certificate === 'object' && certificate !== null && Object.keys(certificate).length > 0;
}

/** @throws TypeError if a property cannot be watched */
function prepare(socket: Watched): Watch {
  const watch: Watch = { socket, listeners: new Set(), values: new Map() };
  Object.defineProperty(socket, WATCH, { value: watch });
  for (const name of NAMES) {
    if (!(name in socket)) continue;
    if (Object.hasOwn(socket, name)) watch.values.set(name, Reflect.get(socket, name));
    Object.defineProperty(socket, name, { ...ACCESSORS[name], enumerable: watch.values.has(name) });
  }
  return watch;
}

/** The same for all sockets, so that the engine goes on taking them for objects of one shape. */
const ACCESSORS = Object.fromEntries(NAMES.map((name) => [name, accessorOf(name)]));

function accessorOf(name: string): PropertyDescriptor {
  const tellsWhoAsks = WHO_ASKS.has(name);
  return {
    configurable: true,
    get(this: Watched) {
      const watch = this[WATCH];
      if (!watch) return undefined; // nobody reads it without the socket
      for (const listener of watch.listeners) listener(name, tellsWhoAsks);
      if (watch.values.has(name)) return watch.values.get(name);
      return Reflect.get(Object.getPrototypeOf(watch.socket) as object, name, watch.socket) as unknown;
    },
    set(this: Watched, value: unknown) {
      this[WATCH]?.values.set(name, value);
    },
  };
}
