import type { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';

/**
 * Calls `task` once, when the client has left or its connection was destroyed: before other listeners for that. Loggers
 * listen to the response, the request or the socket.
 * @returns what stops it
 */
export function whenClientLeaves(req: Request, res: Response, task: () => void): () => void {
  const leave = () => {
    stop();
    task();
  };
  const watched: (readonly [EventEmitter, string])[] = [
    [req, 'aborted'],
    [res, 'close'],
  ];
  // Adapters of other platforms put an object there that has no events, or nothing.
  if (typeof Reflect.get(Object(req.socket) as object, 'prependListener') === 'function')
    watched.push([req.socket, 'error'], [req.socket, 'close']);
  const stop = () => {
    for (const [emitter, event] of watched) emitter.off(event, leave);
  };
  for (const [emitter, event] of watched) emitter.prependListener(event, leave);
  return stop;
}
