import type { Request, Response } from 'express';

/**
 * Calls `task` once, when the client has left or its connection was destroyed: before whoever else listens for that. Loggers do, to the response, the
 * request or the socket.
 * @returns what stops it
 */
export function whenClientLeaves(req: Request, res: Response, task: () => void): () => void {
  const { socket } = req;
  const leave = () => {
    stop();
    task();
  };
  const stop = () => {
    socket.off('error', leave);
    socket.off('close', leave);
    req.off('aborted', leave);
    res.off('close', leave);
  };
  socket.prependListener('error', leave);
  socket.prependListener('close', leave);
  req.prependListener('aborted', leave);
  res.prependListener('close', leave);
  return stop;
}
