import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Request, Response } from 'express';
import { cacheStatus } from './cache-status.ts';
import { isConditional, type Validators } from './conditional.ts';
import { appendTo, copyOf, membersOf } from './headers.ts';
import { isNamed, type StoredResponse, storedHeader } from './stored-response.ts';
import { withholdBody } from './without-body.ts';

/**
 * Node writes a head and a text in one piece, which takes less time than the two pieces of a head and a buffer; in
 * Latin-1 each character is one byte. Of larger bodies the copy would cost more than it saves.
 */
const MAX_TEXT_BYTES = 16 * 1024;
const NODE = ServerResponse.prototype;

export interface Sending {
  /** The name of this cache in `Cache-Status`. */
  readonly name: string;
  readonly nowMs: number;
  /** It was made for another request that waited alike. */
  readonly isCollapsed: boolean;
}

/**
 * Answers a request with a stored response: its bytes, or 304 or 412. RFC 9111 §4, §4.3.2. By `writeHead` and a buffer,
 * which whatever wraps `res` understands, and with copies: what it gets it may change.
 */
export function sendStored(
  req: Request,
  res: Response,
  stored: StoredResponse,
  { name, nowMs, isCollapsed }: Sending,
): void {
  const ageMs = ageOf(stored, nowMs);
  let hasLength = false;
  for (const [field, value] of stored.headers) {
    if (typeof value === 'object' && value.length === 0) res.removeHeader(field);
    else if (isNamed(field, 'vary')) appendTo(res, field, membersOf(String(value)));
    else if (isNamed(field, 'content-length')) {
      res.setHeader(field, stored.body.length);
      hasLength = true;
    } else res.setHeader(field, copyOf(value));
  }
  if (!hasLength) res.setHeader('Content-Length', stored.body.length);
  res.setHeader('Age', String(Math.floor(ageMs / 1000))); // §5.1
  const outcome = { kind: 'hit', ttlMs: stored.freshForMs - ageMs, isCollapsed } as const;
  appendTo(res, 'Cache-Status', [cacheStatus(name, outcome)]);

  res.statusCode = stored.status;
  if (stored.statusMessage !== '') res.statusMessage = stored.statusMessage;
  const isWithheld =
    stored.status === 200 && isConditional(req.headers) && withholdBody(res, req.headers, validatorsOf(stored), nowMs);
  res.writeHead(res.statusCode);
  if (isWithheld || req.method === 'HEAD' || stored.body.length === 0)
    res.end(); // RFC 9110 §9.3.2
  else if (stored.body.length <= MAX_TEXT_BYTES && reachesNode(res)) res.end(textOf(stored.body), 'latin1');
  else res.end(Buffer.from(stored.body));
}

function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}

/** Does no other code see how the body is handed over? A wrapper, or the socket of an adapter, may ignore the encoding. */
function reachesNode(res: Response): boolean {
  const isBare = res.end === NODE.end && res.write === NODE.write && res.writeHead === NODE.writeHead;
  return isBare && res.socket?.write === Socket.prototype.write;
}

function validatorsOf(stored: StoredResponse): Validators {
  return { etag: storedHeader(stored, 'etag'), lastModified: storedHeader(stored, 'last-modified') };
}

/** Milliseconds since the response was made. Clocks of machines differ: never below 0. RFC 9111 §4.2.3 */
export function ageOf({ generatedAtMs }: StoredResponse, nowMs: number): number {
  return Math.max(0, nowMs - generatedAtMs);
}
