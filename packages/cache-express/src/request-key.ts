import { createHash, createHmac } from 'node:crypto';
import type { Request } from 'express';

/** Everything that a stored response may depend on. */
export interface KeyParts {
  /** Of `urlKey`. */
  readonly url: string;
  /** By name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The digest of who asks, where the route keeps responses per user. */
  readonly identity: string | undefined;
}

/** Changes with everything that changes what a key or a frame means. */
const FORMAT = 3;

/** What all variants of a URL share: its key but for the headers. */
export function resourceKey(url: string, identity: string | undefined): string {
  return identity === undefined ? url : url + JSON.stringify([identity]);
}

/**
 * The identifier of a response: two arrays in JSON, so that no part can pose as another. The cache keeps its digest only. HEAD shares it with
 * GET.
 */
export function requestKey({ url, headers, identity }: KeyParts): string {
  return url + JSON.stringify([Object.entries(headers), identity ?? null]);
}

/** What the key of a URL has besides that which the request itself tells. */
export interface UrlKeyParts {
  /** The option `scope`, or of `nextScope`. */
  readonly scope: string | number;
  /** Of `routeKey`. */
  readonly route: string;
  readonly hostname: string;
  readonly query: string;
}

/**
 * The host is what Express takes for it, under its `trust proxy`, and with the port, which only the Host header tells; the path is the
 * client's own, letter by letter, and what middleware made of it; the route is the one that answers, since another may answer the same URL.
 */
export function urlKey(req: Request, { scope, route, hostname, query }: UrlKeyParts): string {
  const host = (req.headers.host ?? '').toLowerCase();
  const paths = [pathOf(req.originalUrl), req.baseUrl, pathOf(req.url)];
  return JSON.stringify([FORMAT, scope, route, 'GET', req.protocol, hostname, host, ...paths, query]);
}

/** The tag of all responses of one path, whatever their query, variant or user: what an unsafe method drops. */
export function pathTag(hostname: string, path: string): string {
  // Express takes `/A/`, `/a`, `/%61` and `http://host/a` for one route; one tag for all drops rather too much than too little.
  const pathOnly = path.replace(/^[a-z][a-z\d+.-]*:\/\/[^/]*/i, '').split('#', 1)[0] ?? '';
  const normal = withoutLastSlashes(decoded(pathOnly).toLowerCase());
  return `url-${createHash('sha256')
    .update(JSON.stringify([hostname, normal]))
    .digest('hex')}`;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // no text at all; no other spelling means the same
  }
}

/** A regular expression takes the square of their number where something follows them. */
function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** Who asks, so that nobody can guess it from the key. */
export function identityDigest(secret: string, identity: string): string {
  return createHmac('sha256', secret).update(identity, 'utf8').digest('hex');
}

export function pathOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at);
}

export function hostnameOf(req: Request): string {
  return (req.hostname ?? '').toLowerCase();
}
