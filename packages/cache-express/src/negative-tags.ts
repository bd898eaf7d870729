import type { Request } from 'express';
import { pathOf } from './query-text.ts';
import { hostnameOf, pathTag } from './request-key.ts';

/**
 * Statuses that say that nothing exists at a path: wrong as soon as it is created. RFC 9110 §15.5.5, §15.5.11
 */
const NEGATIVE: ReadonlySet<number> = new Set([404, 410]);

/** The tag of all responses that say that nothing exists at a path, or at one below it. */
export function nothingBelowTag(hostname: string, path: string): string {
  return `none-${pathTag(hostname, path)}`;
}

/**
 * The tags by which anything created at the path of a negative response, or above it, drops that response; else none.
 */
export function negativeTags(req: Request, status: number): string[] {
  if (!NEGATIVE.has(status)) return [];
  const hostname = hostnameOf(req);
  return pathsAbove(pathOf(req.originalUrl)).map((path) => nothingBelowTag(hostname, path));
}

/**
 * `/a/b`: itself, `/a` and the root. An encoded slash counts as a slash: better to drop too much than too little, as in
 * `pathTag`.
 */
function pathsAbove(path: string): string[] {
  const paths = new Set(['']);
  let above = '';
  for (const part of path.split(/(\/|%2f)/i)) {
    above += part;
    if (part !== '/') paths.add(above);
  }
  return [...paths];
}
