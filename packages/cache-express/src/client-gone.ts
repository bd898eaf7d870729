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
  const events: (readonly [EventEmitter, string])[] = [
    [req.socket, 'error'],
    [req.socket, 'close'],
    [req, 'aborted'],
    [res, 'close'],
  ];
  // Adapters of other platforms put objects there that have no events, or nothing.
  const watched = events.filter(
    ([emitter]) => typeof Reflect.get(Object(emitter) as object, 'prependListener') === 'function',
  );
  const stop = () => {
    for (const [emitter, event] of watched) emitter.off(event, leave);
  };
  for (const [emitter, event] of watched) emitter.prependListener(event, leave);
  return stop;
}
