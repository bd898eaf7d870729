import type { Request } from 'express';

/** The pattern of the route, for logs and metrics: never a URL. */
export function routeOf(req: Request): string {
  const path: unknown = (req.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : 'unnamed';
}
