import type { RequestHandler, Response } from 'express';

/** Calls `hook` as the head is written, as `on-headers` does. */
export function onHead(res: Response, hook: () => void): void {
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  let isFirst = true;
  res.writeHead = ((...args: unknown[]) => {
    if (isFirst) {
      isFirst = false;
      hook();
    }
    return writeHead(...args);
  }) as typeof res.writeHead;
}

/** Middleware that has its say as the head is written. */
export function hooking(hook: (res: Response) => void): RequestHandler {
  return (_req, res, next) => {
    onHead(res, () => hook(res));
    next();
  };
}
