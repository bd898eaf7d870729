import { AsyncResource } from 'node:async_hooks';
import { IncomingMessage, request } from 'node:http';
import type { Clock } from '@huntly/cache-core';
import type { NextFunction, Request, Response } from 'express';
import { CONDITIONAL } from './narrow-request.ts';
import { connectionLike } from './own-connection.ts';

/** On the socket of a request of our own, in any copy of this package. A symbol: no client can send it. */
const REFRESH = Symbol.for('@huntly/cache-express/refresh');
/** What is loaded in the background belongs to no request: not to its `AsyncLocalStorage` either. */
const ORIGIN = new AsyncResource('huntly-refresh');
/** Headers of the connection, not of the response; and a refresh has no body. */
const DROPPED: ReadonlySet<string> = new Set([
  ...CONDITIONAL,
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** The handler may send as many headers as to a client, which may accept more than Node. */
const MAX_HEAD_BYTES = 1024 * 1024;

/** light-my-request replaces the prototypes of Express, for the whole process: no app can answer Node any more. */
const NO_REQUEST =
  'A response cannot be refreshed in this process, as the requests of its app are not made by node:http. Test refreshes with a server.';

interface Rerun {
  /** The cached route that asked for it. */
  readonly owner: object;
  readonly reached: (req: Request, res: Response, next: NextFunction) => void;
}

export interface RerunParts<T> {
  readonly req: Request;
  readonly owner: object;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What the route does once the request has come to it, through everything that lies before. */
  readonly run: (req: Request, res: Response, next: NextFunction) => Promise<T>;
}

/**
 * Whether the cache sent this request to itself, to refresh a stored response in the background, with no client at its
 * other end. For rate limiters and loggers that count clients.
 * @example app.use(rateLimit({ limit: 100, skip: isRefresh }));
 * @example app.use(morgan('combined', { skip: isRefresh }));
 */
export function isRefresh(req: Pick<IncomingMessage, 'socket'>): boolean {
  return Object(req.socket)[REFRESH] !== undefined;
}

export function rerunOf(req: Request): Rerun | undefined {
  return Object(req.socket)[REFRESH] as Rerun | undefined;
}

/**
 * Sends a request again, over a connection in memory to the same server: authentication and all else that lies before
 * the route sees it as a request like any other. Rejects if it does not come to the route, is cut off, or takes too
 * long; its connection is closed then.
 */
export async function rerun<T>(parts: RerunParts<T>): Promise<T> {
  if (!(parts.req instanceof IncomingMessage)) throw new Error(NO_REQUEST);
  return ORIGIN.runInAsyncScope(() => send(parts));
}

function send<T>({ req, owner, clock, timeoutMs, run }: RerunParts<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const connection = connectionLike(req);
    let isReached = false;
    const fail = (what: string, cause?: unknown) => reject(new Error(`The refresh of a response ${what}.`, { cause }));
    const { httpVersion, httpVersionMajor, httpVersionMinor } = req;
    const reached: Rerun['reached'] = (again, res, next) => {
      isReached = true;
      Object.assign(again, { httpVersion, httpVersionMajor, httpVersionMinor }); // in the key; ours is always 1.1
      run(again, res, next).then(resolve, reject);
    };
    Reflect.set(connection.server, REFRESH, { owner, reached } satisfies Rerun);
    const stopTimer = clock.after(
      timeoutMs,
      () => {
        fail('took too long');
        connection.client.destroy();
      },
      { background: true },
    );
    const outgoing = request({
      createConnection: () => connection.client,
      method: 'GET',
      path: req.originalUrl,
      headers: headersOf(req),
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    outgoing.on('response', (incoming) => {
      incoming.on('end', () => {
        if (!isReached) fail(`was answered with ${incoming.statusCode} before it came to its route`);
      });
      incoming.on('error', (error) => fail('was cut off', error));
      incoming.resume(); // it is kept where it is made
    });
    outgoing.on('error', (error) => fail('was cut off', error));
    outgoing.on('close', () => {
      stopTimer();
      connection.client.destroy();
    });
    connection.open();
    outgoing.end();
  });
}

/** As the client sent them, name by name. */
function headersOf(req: Request): string[] {
  const raw = req.rawHeaders.length > 0 ? req.rawHeaders : rawOf(req); // an adapter may only have set `headers`
  const sent: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (!DROPPED.has(name.toLowerCase())) sent.push(name, raw[index + 1] ?? '');
  }
  if (req.headers.host === undefined) sent.push('Host', ''); // of HTTP/1.0
  return sent;
}

function rawOf({ headers }: Request): string[] {
  return Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().flatMap((text) => [name, text]));
}
