import type { ServerResponse } from 'node:http';

/** The value of a field: one text, or one for each line that it is sent in. */
export type HeaderValue = string | readonly string[];
/** Header fields as they are stored: each name as the handler wrote it. */
export type HeaderPairs = readonly (readonly [name: string, value: HeaderValue])[];
/** By lower-case name. */
export type HeaderMap = ReadonlyMap<string, HeaderValue>;

/** Fields of one connection, of one transfer, of one run, or of this cache: never stored. RFC 9111 §3.1 */
const NEVER_STORED = new Set([
  'age',
  'cache-tag',
  'connection',
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
  'x-response-time',
]);

/**
 * These describe the body: stored even if middleware before the cache set them, since the body would be misread without
 * them. RFC 9110 §8. Of `Content-Length` only its name and its place among the others are used.
 */
const OF_THE_BODY = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-type',
  'etag',
  'expires',
  'last-modified',
]);

/** What middleware before puts into `Vary` for what it does itself, to each response anew: CORS and compression. */
const OF_MIDDLEWARE = new Set(['origin', 'accept-encoding']);

/** All fields that are set on a response now, as copies: Node adds to the arrays that it holds. */
export function headersOf(res: ServerResponse): HeaderMap {
  const headers = new Map<string, HeaderValue>();
  for (const name of res.getHeaderNames()) {
    const value = res.getHeader(name);
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.map(String) : String(value));
  }
  return headers;
}

/** The names of all fields in the letters in which they were set, by lower-case name. */
export function namesAsSet(res: ServerResponse): ReadonlyMap<string, string> {
  // The typings of Node 20 have it on requests only.
  const { getRawHeaderNames } = res as ServerResponse & { readonly getRawHeaderNames?: () => string[] };
  return new Map((getRawHeaderNames?.call(res) ?? []).map((name) => [name.toLowerCase(), name]));
}

/** Are two values sent alike? `['a', 'b']` is two lines and `'a,b'` is one. */
export function isSame(one: HeaderValue | undefined, other: HeaderValue | undefined): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** The value of a field that is one list, however often it was set. */
export function textOf(headers: HeaderMap, name: string): string | undefined {
  const value = headers.get(name);
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** The members of a list such as `Vary` or `Connection`, as they are written. */
export function membersOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

/** The lower-case members of a list. */
export function listOf(text: string | undefined): readonly string[] {
  return membersOf(text?.toLowerCase());
}

/**
 * What a handler added to the headers that were there `before`, and what describes the body. All other headers belong
 * to one request (its number, its cookie, its nonce); the middleware that set them sets them anew for the next one.
 */
export function addedHeaders(before: HeaderMap, now: HeaderMap): HeaderPairs {
  const perConnection = new Set(listOf(textOf(now, 'connection')));
  const added: (readonly [string, HeaderValue])[] = [];
  for (const [name, value] of now) {
    if (NEVER_STORED.has(name) || perConnection.has(name)) continue;
    if (name === 'vary') {
      const members = addedVary(before, now);
      if (members.length > 0) added.push([name, members.join(', ')]);
    } else if (OF_THE_BODY.has(name) || !isSame(before.get(name), value)) added.push([name, value]);
  }
  return added;
}

/**
 * The names in `Vary` that the body may depend on, as they are written: what middleware before read, it may have told
 * the handler.
 */
export function addedVary(before: HeaderMap, now: HeaderMap): readonly string[] {
  const known = new Set(listOf(textOf(before, 'vary')).filter(isOfMiddleware));
  return membersOf(textOf(now, 'vary')).filter((name) => !known.has(name.toLowerCase()));
}

/** Does a field describe the body? */
export function isOfTheBody(name: string): boolean {
  return OF_THE_BODY.has(name);
}

export function isOfMiddleware(name: string): boolean {
  return OF_MIDDLEWARE.has(name.toLowerCase());
}

/** Copies an array, so that what Node adds to it is added to one response only. */
export function copyOf<T>(value: T): T {
  return (Array.isArray(value) ? [...(value as unknown[])] : value) as T;
}

/** Adds members to a list field without losing those that are there, nor the letters of its name. */
export function appendTo(res: ServerResponse, name: string, members: readonly string[]): void {
  if (members.length === 0) return;
  const now = res.getHeader(name);
  if (now === undefined) {
    res.setHeader(name, members.join(', '));
    return;
  }
  const there = Array.isArray(now) ? now.join(', ') : String(now);
  const known = new Set(listOf(there));
  const missing = members.filter((member) => !known.has(member.toLowerCase()));
  if (missing.length === 0 || known.has('*')) return; // a `Vary: *` covers all names
  res.setHeader(namesAsSet(res).get(name.toLowerCase()) ?? name, [there, ...missing].join(', '));
}
