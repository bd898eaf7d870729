import type { Request, Response } from 'express';

/** Answers 405 to all but GET and HEAD; returns whether it did. */
export function refuseOtherMethods(req: Request, res: Response): boolean {
  if (req.method === 'GET' || req.method === 'HEAD') return false;
  res.status(405).set({ Allow: 'GET, HEAD', 'Cache-Control': 'no-store' }).end();
  return true;
}
