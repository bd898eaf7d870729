import { createHash } from 'node:crypto';
import { SerializationError } from '@huntly/cache-core';
import type { HeaderPairs } from './headers.ts';

/** A response as it is kept: what the handler said, without anything of one request or one connection. */
export interface StoredResponse {
  readonly status: number;
  readonly headers: HeaderPairs;
  readonly body: Buffer;
  /** When the handler made it, in milliseconds since the Unix epoch: for `Age`, never to decide what is newer. */
  readonly generatedAtMs: number;
  readonly freshForMs: number;
  /** May a copy be used that is not fresh any more? */
  readonly allowsStale: boolean;
  /** Only before it is stored. */
  readonly tags: readonly string[];
}

/**
 * The frame: `HRF1`, the length of the head as four bytes, the head as JSON, the bytes of the body. A hit is written from those bytes; no
 * body is ever parsed.
 */
const MAGIC = Buffer.from('HRF1', 'latin1');
const HEAD_AT = 8;

type Head = readonly [
  status: number,
  generatedAtMs: number,
  freshForMs: number,
  allowsStale: boolean,
  bodyBytes: number,
  headers: HeaderPairs,
];

export function encodeResponse(response: StoredResponse): Uint8Array {
  const { status, generatedAtMs, freshForMs, allowsStale, body, headers } = response;
  const head: Head = [status, generatedAtMs, freshForMs, allowsStale, body.length, headers];
  const headBytes = Buffer.from(JSON.stringify(head), 'utf8');
  const start = Buffer.alloc(HEAD_AT);
  MAGIC.copy(start);
  start.writeUInt32BE(headBytes.length, 4);
  return Buffer.concat([start, headBytes, body]);
}

/** The store may be shared with others, so what comes from it is looked at before it is sent. @throws SerializationError */
export function decodeResponse(bytes: Uint8Array): StoredResponse {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.length < HEAD_AT || !frame.subarray(0, 4).equals(MAGIC)) throw unreadable();
  const bodyAt = HEAD_AT + frame.readUInt32BE(4);
  const head = parseHead(frame.toString('utf8', HEAD_AT, bodyAt));
  if (!head || frame.length - bodyAt !== head[4]) throw unreadable();
  const [status, generatedAtMs, freshForMs, allowsStale, , headers] = head;
  return { status, generatedAtMs, freshForMs, allowsStale, headers, body: frame.subarray(bodyAt), tags: [] };
}

export const responseCodec = { encode: encodeResponse, decode: decodeResponse };

/** The validator of a body that came without one. Weak, since what is sent may be compressed on the way. RFC 9110 §8.8.1 */
export function etagOf(body: Uint8Array): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}

/** One field of a stored response. */
export function storedHeader({ headers }: StoredResponse, name: string): string | undefined {
  const value = headers.find(([found]) => found === name)?.[1];
  return typeof value === 'object' ? value.join(', ') : value;
}

function parseHead(text: string): Head | undefined {
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isHead(head) ? head : undefined;
}

function isHead(head: unknown): head is Head {
  if (!Array.isArray(head) || head.length !== 6) return false;
  const [status, generatedAtMs, freshForMs, allowsStale, bodyBytes, headers] = head as unknown[];
  return (
    Number.isInteger(status) &&
    Number(status) >= 200 &&
    Number(status) <= 599 &&
    [generatedAtMs, freshForMs, bodyBytes].every(Number.isFinite) &&
    typeof allowsStale === 'boolean' &&
    Array.isArray(headers) &&
    headers.every(isPair)
  );
}

const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Nothing that could end a header and begin another thing, and no cookie of somebody else. */
function isPair(pair: unknown): boolean {
  if (!Array.isArray(pair) || pair.length !== 2) return false;
  const [name, value] = pair as unknown[];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return (
    typeof name === 'string' &&
    NAME.test(name) &&
    name !== 'set-cookie' &&
    values.every((text) => typeof text === 'string' && VALUE.test(text))
  );
}

function unreadable(): SerializationError {
  return new SerializationError('The stored bytes are no response.');
}
