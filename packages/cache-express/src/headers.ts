import type { ServerResponse } from 'node:http';

/** Header fields as they are stored: lower-case names, one text or several. */
export type HeaderPairs = readonly (readonly [name: string, value: string | readonly string[]])[];
export type HeaderMap = ReadonlyMap<string, string | readonly string[]>;

/** Fields of one connection, of one transfer, or of this cache: never stored. RFC 9111 §3.1 */
const NEVER_STORED = new Set([
  'age',
  'cache-tag',
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'set-cookie',
  'surrogate-key',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What the body is: stored whoever set it, since without it the body would be taken for something else. RFC 9110 §8 */
const OF_THE_BODY = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'etag',
  'expires',
  'last-modified',
]);

/** What middleware before puts into `Vary` for what it does itself, to each response anew: CORS and compression. */
const OF_MIDDLEWARE = new Set(['origin', 'accept-encoding']);

/** All fields that are set on a response now. */
export function headersOf(res: ServerResponse): HeaderMap {
  const headers = new Map<string, string | readonly string[]>();
  for (const name of res.getHeaderNames()) {
    const value = res.getHeader(name);
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.map(String) : String(value));
  }
  return headers;
}

/** The value of a field that is one list, however often it was set. */
export function textOf(headers: HeaderMap, name: string): string | undefined {
  const value = headers.get(name);
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** The lower-case members of a list such as `Vary` or `Connection`. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}

/**
 * What a handler added to the headers that were there `before`, and what describes the body. What else stood there is of one request (its
 * number, its cookie, its nonce) and is set anew for the next one by whoever set it.
 */
export function addedHeaders(before: HeaderMap, now: HeaderMap): HeaderPairs {
  const perConnection = new Set(listOf(textOf(now, 'connection')));
  const added: (readonly [string, string | readonly string[]])[] = [];
  for (const [name, value] of now) {
    if (NEVER_STORED.has(name) || perConnection.has(name)) continue;
    if (name === 'vary') {
      const names = addedVary(before, now);
      if (names.length > 0) added.push([name, names.join(', ')]);
    } else if (OF_THE_BODY.has(name) || String(before.get(name)) !== String(value)) added.push([name, value]);
  }
  return added;
}

/** The names in `Vary` that the body may depend on: what middleware before read, it may have told the handler. */
export function addedVary(before: HeaderMap, now: HeaderMap): readonly string[] {
  const known = new Set(listOf(textOf(before, 'vary')).filter((name) => OF_MIDDLEWARE.has(name)));
  return listOf(textOf(now, 'vary')).filter((name) => !known.has(name));
}

/** Sets what `writeHead` was given as single fields, so that they can be looked at. */
export function setAll(res: ServerResponse, given: unknown): void {
  if (Array.isArray(given)) {
    const pairs: unknown[] = given.every(Array.isArray) ? given : pairsOf(given);
    const seen = new Set<string>();
    for (const pair of pairs as [string, string | string[]][]) {
      const name = pair[0].toLowerCase();
      if (seen.has(name)) res.appendHeader(pair[0], pair[1]);
      else res.setHeader(pair[0], pair[1]);
      seen.add(name);
    }
  } else if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) if (value !== undefined) res.setHeader(name, value);
  }
}

function pairsOf(flat: readonly unknown[]): unknown[] {
  const pairs: unknown[] = [];
  for (let index = 0; index < flat.length; index += 2) pairs.push([flat[index], flat[index + 1]]);
  return pairs;
}

/** Adds members to a list field without losing those that are there. */
export function appendTo(res: ServerResponse, name: string, members: readonly string[]): void {
  const now = res.getHeader(name);
  if (now === undefined) {
    if (members.length > 0) res.setHeader(name, members.join(', '));
    return;
  }
  const there = [Array.isArray(now) ? now.join(', ') : String(now)];
  const known = new Set(listOf(there[0]));
  const missing = members.filter((member) => !known.has(member.toLowerCase()));
  if (missing.length > 0) res.setHeader(name, [...there, ...missing].join(', '));
}
