import { createHash, createHmac } from 'node:crypto';
import type { Request } from 'express';
import { exactForm } from './exact-form.ts';
import { pathOf } from './query-text.ts';

/** Everything that a stored response may depend on. */
export interface KeyParts {
  /** Of `urlKey`. */
  readonly url: string;
  /** By name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The digest of the user, where the route keeps responses per user. */
  readonly identity: string | undefined;
}

/** Changes with everything that changes what a key or a frame means. */
const FORMAT = 3;

/** What all variants of a URL share: its key but for the headers. */
export function resourceKey(url: string, identity: string | undefined): string {
  return identity === undefined ? url : url + JSON.stringify([identity]);
}

/**
 * The identifier of a response: two arrays in JSON, so that no part can pose as another. The cache keeps its digest
 * only. HEAD shares it with GET.
 */
export function requestKey({ url, headers, identity }: KeyParts): string {
  return url + JSON.stringify([Object.entries(headers), identity ?? null]);
}

/** What the key of a URL has besides that which the request itself tells. */
export interface UrlKeyParts {
  readonly scope: string | number;
  /** Of `RouteKey`. */
  readonly route: string;
  /** The protocol as Express takes it, that of the connection, and its version. */
  readonly protocol: string;
  readonly hostname: string;
  /** Of `forwardedHostOf`. */
  readonly forwardedHost: string;
  /** Of `paramsText`. */
  readonly params: string;
  readonly query: string;
}

/**
 * The host is what Express takes for it, under its `trust proxy`, and with the port, which only the Host header tells;
 * the path is the client's own, letter by letter, and what middleware made of it; the route is the one that answers,
 * since another may answer the same URL.
 */
export function urlKey(req: Request, parts: UrlKeyParts): string {
  const { scope, route, protocol, hostname, forwardedHost, params, query } = parts;
  const host = (req.headers.host ?? '').toLowerCase();
  const paths = [pathOf(req.originalUrl), req.baseUrl, pathOf(req.url)];
  return JSON.stringify([
    FORMAT,
    scope,
    route,
    'GET',
    protocol,
    hostname,
    host,
    forwardedHost,
    ...paths,
    params,
    query,
  ]);
}

/**
 * The parameters of the path, which the handler sees as its route names them and as `router.param` may have changed
 * them.
 * @throws KeyError, or TypeError, if one of them has no exact form
 */
export function paramsText({ params }: Request): string {
  let text = '';
  for (const name in params) {
    const value: unknown = params[name];
    text += `${name.length} ${name} ${typeof value === 'string' ? `${value.length} ${value}` : paramText(value)} `;
  }
  return text;
}

/** Optional parameters are there without a value. */
function paramText(value: unknown): string {
  return value === undefined ? '-' : exactForm(value);
}

/** The tag of all responses of one path, whatever their query, variant or user: what an unsafe method drops. */
export function pathTag(hostname: string, path: string): string {
  // Express takes `/A/`, `/a`, `/%61` and `http://host/a` for one route; one tag for all drops rather too much than too
  // little.
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

/** A loop: a regular expression takes quadratic time where other characters follow many slashes. */
function withoutLastSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  return path.slice(0, end);
}

/** The digest of a user, who cannot be guessed from it without the secret. */
export function identityDigest(secret: string, identity: string): string {
  return createHmac('sha256', secret).update(identity, 'utf8').digest('hex');
}

export function hostnameOf(req: Request): string {
  return (req.hostname ?? authorityOf(req)).toLowerCase();
}

/** On HTTP/2 the host stands in a field of its own. */
function authorityOf({ headers }: Request): string {
  const authority = headers[':authority'];
  return typeof authority === 'string' ? authority.replace(/:\d*$/, '') : '';
}

/** The host, with its port, that a trusted proxy says it was asked for; empty where that is the one of the request. */
export function forwardedHostOf(req: Request): string {
  const forwarded = req.headers['x-forwarded-host'];
  if (typeof forwarded !== 'string') return '';
  const trusts: unknown = req.app.get('trust proxy fn');
  if (typeof trusts !== 'function' || !trusts(req.socket.remoteAddress, 0)) return '';
  const host = (forwarded.split(',', 1)[0] ?? '').trim().toLowerCase();
  return host === req.headers.host?.toLowerCase() ? '' : host;
}

/** Is the connection itself secured, whatever a proxy says? */
export function isEncrypted({ socket }: Request): boolean {
  return !!Reflect.get(socket, 'encrypted');
}
