import type { Request, Response } from 'express';

/**
 * Calls `task` once, when the client has left or its connection was destroyed: before whoever else listens for that. Loggers do, to the response, the
 * request or the socket.
 * @returns what stops it
 */
export function whenClientLeaves(req: Request, res: Response, task: () => void): () => void {
  const leave = () => {
    stop();
    task();
  };
  const events = [
    [req.socket, 'error'],
    [req.socket, 'close'],
    [req, 'aborted'],
    [res, 'close'],
  ] as const;
  // The socket of an adapter may be a plain object.
  const heard = events.filter(([{ prependListener }]) => prependListener !== undefined);
  const stop = () => {
    for (const [emitter, name] of heard) emitter.off(name, leave);
  };
  for (const [emitter, name] of heard) emitter.prependListener(name, leave);
  return stop;
}
