import type { Request, Response } from 'express';
import { cacheStatus } from './cache-status.ts';
import { isConditional, isNotModified, type Validators } from './conditional.ts';
import { appendTo, listOf } from './headers.ts';
import { type StoredResponse, storedHeader } from './stored-response.ts';

/**
 * Node joins the head and a body that is text into one piece, which takes a fifth less time for the whole answer than the two pieces of a head and a
 * buffer. In Latin-1 each character is one byte, so the bytes stay what they are. Of larger bodies the copy would cost more than it saves.
 */
const MAX_TEXT_BYTES = 16 * 1024;

export interface Sending {
  /** Of this cache in `Cache-Status`. */
  readonly name: string;
  readonly nowMs: number;
  /** It was made for another request that waited alike. */
  readonly isCollapsed: boolean;
}

/** Answers a request with a stored response: the bytes as they are, or 304. RFC 9111 §4, §4.3.2 */
export function sendStored(
  req: Request,
  res: Response,
  stored: StoredResponse,
  { name, nowMs, isCollapsed }: Sending,
): void {
  const ageMs = ageOf(stored, nowMs);
  for (const [field, value] of stored.headers) {
    if (value.length === 0 && typeof value !== 'string') res.removeHeader(field);
    else if (field === 'vary') appendTo(res, field, listOf(String(value)));
    else res.setHeader(field, value);
  }
  res.setHeader('age', String(Math.floor(ageMs / 1000))); // §5.1
  const outcome = { kind: 'hit', ttlMs: stored.freshForMs - ageMs, isCollapsed } as const;
  appendTo(res, 'cache-status', [cacheStatus(name, outcome)]);

  res.statusCode = stored.status;
  if (stored.status === 200 && isConditional(req.headers) && isNotModified(req.headers, validatorsOf(stored), nowMs)) {
    markNotModified(res);
    res.end();
    return;
  }
  res.setHeader('content-length', stored.body.length);
  if (req.method === 'HEAD')
    res.end(); // RFC 9110 §9.3.2
  else if (stored.body.length <= MAX_TEXT_BYTES) res.end(stored.body.toString('latin1'), 'latin1');
  else res.end(stored.body);
}

function validatorsOf(stored: StoredResponse): Validators {
  return { etag: storedHeader(stored, 'etag'), lastModified: storedHeader(stored, 'last-modified') };
}

/** Milliseconds since the response was made. Clocks of machines differ: never below 0. RFC 9111 §4.2.3 */
export function ageOf({ generatedAtMs }: StoredResponse, nowMs: number): number {
  return Math.max(0, nowMs - generatedAtMs);
}

/** A 304 keeps what describes the response and loses what describes its body. RFC 9110 §15.4.5 */
export function markNotModified(res: Response): void {
  res.statusCode = 304;
  for (const name of ['content-length', 'content-type', 'content-encoding', 'content-range', 'transfer-encoding']) {
    res.removeHeader(name);
  }
}
