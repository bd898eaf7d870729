import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Clock } from '@huntly/cache-core';
import type { Application, NextFunction, Request, Response } from 'express';
import { CONDITIONAL } from './narrow-request.ts';

/** Marks a request of our own. A symbol: no client can send it. */
const RERUN = Symbol('huntly.rerun');

interface Rerun {
  readonly reached: (req: Request, res: Response, next: NextFunction) => void;
}

export interface RerunParts<T> {
  readonly req: Request;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What the route does once the request has come to it, through everything that lies before. */
  readonly run: (req: Request, res: Response, next: NextFunction) => Promise<T>;
}

export function rerunOf(req: Request): Rerun | undefined {
  return Reflect.get(req, RERUN) as Rerun | undefined;
}

/**
 * Sends a copy of a request through the whole app again, with nobody at its other end: authentication and all else that lies before the
 * route sees it as a request like any other. Rejects if it does not come to the route.
 */
export function rerun<T>({ req, clock, timeoutMs, run }: RerunParts<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const again = copyOf(req);
    const res = new ServerResponse(again);
    res.assignSocket(again.socket);
    const stopTimer = clock.after(timeoutMs, () => reject(new Error('The refresh of a response took too long.')), {
      background: true,
    });
    let isReached = false;
    const reached: Rerun['reached'] = (req, res, next) => {
      isReached = true;
      run(req, res, next).then(resolve, reject).finally(stopTimer);
    };
    Reflect.set(again, RERUN, { reached } satisfies Rerun);
    res.once('finish', () => {
      again.socket.destroy();
      if (isReached) return;
      stopTimer();
      reject(new Error(`The refresh of a response was answered with ${res.statusCode} before it came to its route.`));
    });
    // Cut off by its handler, which a client would see at once. A stream that is destroyed says it later than it finishes.
    res.once('close', () => {
      if (res.writableFinished) return;
      stopTimer();
      reject(new Error('The refresh of a response was cut off.'));
    });
    send(req, again, res);
  });
}

/**
 * To the server, so that whatever lies around the app is passed as well: `app.parent` knows only apps that are mounted. Without a server (a
 * request of a test) to the outermost app.
 */
function send(req: Request, again: IncomingMessage, res: ServerResponse): void {
  const server: unknown = Reflect.get(req.socket, 'server');
  const isSent = server instanceof EventEmitter && server.emit('request', again, res);
  if (!isSent) rootOf(req)(again, res);
}

function rootOf(req: Request): Application {
  let app = req.app as Application & { parent?: Application };
  while (app.parent) app = app.parent;
  return app;
}

function copyOf(req: Request): IncomingMessage {
  const again = new IncomingMessage(deafSocket(req.socket));
  again.method = 'GET';
  again.url = req.originalUrl;
  again.httpVersion = req.httpVersion;
  again.httpVersionMajor = req.httpVersionMajor;
  again.httpVersionMinor = req.httpVersionMinor;
  again.rawHeaders = rawHeadersOf(req);
  again.headers = { ...req.headers };
  for (const name of CONDITIONAL) delete again.headers[name];
  again.complete = true;
  again.push(null);
  return again;
}

function rawHeadersOf({ rawHeaders }: Request): string[] {
  return rawHeaders.filter((_text, index) => {
    const name = rawHeaders[index - (index % 2)] ?? '';
    return !CONDITIONAL.includes(name.toLowerCase());
  });
}

/** Takes whatever is written to it, and says of its other end what the socket of the first request said. */
function deafSocket(socket: Socket): Socket {
  const deaf = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const { remoteAddress, remoteFamily, remotePort, localAddress, localPort } = socket;
  const encrypted: unknown = Reflect.get(socket, 'encrypted');
  deaf.on('error', () => undefined); // its 'close' says enough; without a listener an error would end the process
  const itself = () => deaf;
  Object.assign(deaf, {
    remoteAddress,
    remoteFamily,
    remotePort,
    localAddress,
    localPort,
    encrypted,
    setTimeout: itself,
    setNoDelay: itself,
    setKeepAlive: itself,
    ref: itself,
    unref: itself,
  });
  return deaf as unknown as Socket;
}
