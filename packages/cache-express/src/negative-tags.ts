import type { Request } from 'express';
import { pathOf } from './query-text.ts';
import { hostnameOf, pathTag } from './request-key.ts';

/**
 * They say that there is nothing at a path, which is wrong as soon as something is created there. RFC 9110 §15.5.5,
 * §15.5.11
 */
const NEGATIVE: ReadonlySet<number> = new Set([404, 410]);

/** The tag of all responses that say of a path, or of one below it, that there is nothing. */
export function nothingBelowTag(hostname: string, path: string): string {
  return `none-${pathTag(hostname, path)}`;
}

/**
 * The tags of a negative response by which whatever is created at its path, or above it, drops it; of any other none.
 */
export function negativeTags(req: Request, status: number): string[] {
  if (!NEGATIVE.has(status)) return [];
  const hostname = hostnameOf(req);
  return pathsAbove(pathOf(req.originalUrl)).map((path) => nothingBelowTag(hostname, path));
}

/**
 * `/a/b`: itself, `/a` and the root. An encoded slash is one: rather too much is dropped than too little, as by
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
