import type { IncomingHttpHeaders } from 'node:http';
import { parseHttpDate } from './http-date.ts';

export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\uffff]*")[\t ]*(?:,[\t ,]*|$)/y;

/** How a conditional request is answered that would else get a 200. */
export type Condition = 'met' | 'not-modified' | 'failed';

/** Does the client ask at all? */
export function isConditional(headers: IncomingHttpHeaders): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-unmodified-since'] !== undefined
  );
}

/** In the order of RFC 9110 §13.2.2: first what could make the request void, then what could make its body needless. */
export function conditionOf(headers: IncomingHttpHeaders, validators: Validators, nowMs: number): Condition {
  if (!isMatch(headers, validators, nowMs)) return 'failed';
  return isNotModified(headers, validators, nowMs) ? 'not-modified' : 'met';
}

/**
 * `If-Match` decides alone where it is present. `W/` is not looked at, as `res.sendFile` and `express.static` do it:
 * else the weak tags that Express makes would match nothing. §13.1.1, §13.1.4
 */
function isMatch(headers: IncomingHttpHeaders, validators: Validators, nowMs: number): boolean {
  const match = headers['if-match'];
  if (match !== undefined) return matchesAny(match, validators.etag);
  return isUnmodifiedSince(headers['if-unmodified-since'], validators, nowMs) ?? true;
}

/** Has the client what it asks for? `If-None-Match` decides alone where it is present. RFC 9110 §13.2.2 */
export function isNotModified(headers: IncomingHttpHeaders, validators: Validators, nowMs: number): boolean {
  const noneMatch = headers['if-none-match'];
  if (noneMatch !== undefined) return matchesAny(noneMatch, validators.etag);
  return isUnmodifiedSince(headers['if-modified-since'], validators, nowMs) ?? false;
}

/** `undefined`: a date is missing or cannot be read, so the condition is ignored. §13.1.3, §13.1.4 */
function isUnmodifiedSince(
  since: string | undefined,
  { lastModified }: Validators,
  nowMs: number,
): boolean | undefined {
  if (since === undefined || lastModified === undefined) return undefined;
  const sinceMs = parseHttpDate(since, nowMs);
  const modifiedMs = parseHttpDate(lastModified, nowMs);
  return sinceMs === undefined || modifiedMs === undefined ? undefined : modifiedMs <= sinceMs;
}

/** Weak comparison, which is right for GET and HEAD. RFC 9110 §8.8.3.2, §13.1.2 */
function matchesAny(list: string, etag: string | undefined): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  const wanted = etag.replace(/^W\//, '');
  ENTITY_TAG.lastIndex = /^[\t ,]*/.exec(list)?.[0].length ?? 0;
  while (ENTITY_TAG.lastIndex < list.length) {
    const match = ENTITY_TAG.exec(list);
    if (!match) return false; // what follows is no list of entity tags: better a body too many
    if (match[1] === wanted) return true;
  }
  return false;
}
