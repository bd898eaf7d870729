import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import { parseCacheControl, secondsOf } from './cache-control.ts';
import { refuse, type Verdict } from './storable.ts';
import { hasCertificate } from './watched-socket.ts';

/** Which requests may share a response, by the options of the route. */
export type Audience =
  /** No option was given: only requests without credentials share responses. */
  'anonymous' | 'shared' | 'identified';

/**
 * May this GET or HEAD be answered from the cache at all? A request over HTTP/2 cannot be narrowed: its compatibility
 * API does not allow to replace what a handler sees.
 */
export function mayUseCache(req: Request, audience: Audience): Verdict {
  // Adapters of other platforms give a text, or nothing.
  if (Number(req.httpVersionMajor) > 1) return refuse('protocol');
  if (hasBody(req.headers)) return refuse('body');
  if (audience === 'anonymous' && isFromSomebody(req)) return refuse('credentials'); // P6; RFC 9111 §3.5
  return { allowed: true };
}

/**
 * Can the response depend on the user? Authentication of any kind leaves `user` or `auth` on the request; a client with
 * a certificate needs to send nothing else.
 */
export function isFromSomebody(req: Request): boolean {
  const { headers, socket, user, auth } = req as Request & { readonly user?: unknown; readonly auth?: unknown };
  if (headers.authorization !== undefined || headers.cookie !== undefined || user || auth) return true;
  return hasCertificate(socket);
}

/** A GET with a body means something that only its handler knows. RFC 9110 §9.3.1 */
function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY']);

/** Does a method change something? Those that RFC 9110 §9.2.1 calls safe do not, nor QUERY (RFC 10008). */
export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/**
 * Was it sent with another method, as `method-override` remembers? What it means is between its client and its handler.
 */
export function isOverridden(req: Request): boolean {
  const { originalMethod } = req as Request & { readonly originalMethod?: unknown };
  return originalMethod !== undefined && originalMethod !== req.method;
}

/** What the client asks of a cache. RFC 9111 §5.2.1 */
export interface ClientWishes {
  /** The request is not to be answered from the cache. */
  readonly bypass: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs: number;
  readonly minFreshMs: number;
  /** How stale an answer may be. */
  readonly maxStaleMs: number;
}

export const NO_WISHES: ClientWishes = {
  bypass: false,
  onlyIfCached: false,
  maxAgeMs: Number.POSITIVE_INFINITY,
  minFreshMs: 0,
  maxStaleMs: Number.POSITIVE_INFINITY,
};

export function clientWishes(headers: IncomingHttpHeaders): ClientWishes {
  const header = headers['cache-control'];
  if (header === undefined) {
    const isReload = headers.pragma?.toLowerCase().includes('no-cache') === true; // §5.4
    return isReload ? { ...NO_WISHES, bypass: true } : NO_WISHES;
  }
  const control = parseCacheControl(header);
  const { directives } = control;
  const ms = (name: string) => {
    const seconds = secondsOf(control, name);
    return seconds === undefined ? undefined : seconds * 1000;
  };
  const maxStale = directives.get('max-stale') === null ? undefined : ms('max-stale');
  return {
    bypass: directives.has('no-store') || directives.has('no-cache'),
    onlyIfCached: directives.has('only-if-cached'),
    maxAgeMs: ms('max-age') ?? Number.POSITIVE_INFINITY,
    minFreshMs: ms('min-fresh') ?? 0,
    maxStaleMs: maxStale ?? (directives.has('max-age') && !directives.has('max-stale') ? 0 : Number.POSITIVE_INFINITY),
  };
}

/** Is a stored response what the client asked for? */
export function satisfies(wishes: ClientWishes, ageMs: number, freshForMs: number): boolean {
  const leftMs = freshForMs - ageMs;
  const isFreshEnough = wishes.minFreshMs === 0 || leftMs >= wishes.minFreshMs;
  return ageMs <= wishes.maxAgeMs && isFreshEnough && -leftMs <= wishes.maxStaleMs;
}
