import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';

/** Servers that only serve refreshes of an app that some adapter serves. */
const ADAPTED = new WeakSet<http.Server>();

/**
 * The server that a request came through; `undefined` where an adapter made the request (light-my-request, one of a
 * serverless platform), or a session of HTTP/2.
 */
export function serverOf(req: IncomingMessage): http.Server | undefined {
  const server: unknown = Reflect.get(Object(req.socket) as object, 'server');
  return server instanceof http.Server || server instanceof https.Server ? server : undefined;
}

/** Marks a server that stands in for an adapter. */
export function standInForAdapter(server: http.Server): http.Server {
  ADAPTED.add(server);
  return server;
}

/**
 * Does Node itself send the answer to this request as bytes? An adapter takes what was said to the response, and looks
 * at it to see its end.
 */
export function isServedByNode(req: IncomingMessage): boolean {
  const server = serverOf(req);
  return server !== undefined && !ADAPTED.has(server);
}
