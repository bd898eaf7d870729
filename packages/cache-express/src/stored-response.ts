import { SerializationError } from '@huntly/cache-core';
import type { Echo } from './echoes.ts';
import type { HeaderPairs } from './headers.ts';

/** A response as it is kept: what the handler said, without anything of one request or one connection. */
export interface StoredResponse {
  readonly status: number;
  /** The reason phrase that the handler gave; empty where it gave none. */
  readonly statusMessage: string;
  readonly headers: HeaderPairs;
  /**
   * Shared by all who get it, so nothing that could write into it may have it. A local copy may have made a plain array
   * of a Buffer.
   */
  readonly body: Uint8Array;
  /** When the handler made it, in milliseconds since the Unix epoch: for `Age`, never to decide what is newer. */
  readonly generatedAtMs: number;
  readonly freshForMs: number;
  /** May a copy be used that is not fresh any more? */
  readonly allowsStale: boolean;
  /** What of the headers of its request stands in the body. */
  readonly echoes: readonly Echo[];
  /** Only before it is stored. */
  readonly tags: readonly string[];
}

/**
 * The frame: `HRF2`, the length of the head as four bytes, the head as JSON, the bytes of the body. A hit is written
 * from those bytes; no body is ever parsed.
 */
const MAGIC = Buffer.from('HRF2', 'latin1');
const HEAD_AT = 8;

type Head = readonly [
  status: number,
  generatedAtMs: number,
  freshForMs: number,
  allowsStale: boolean,
  bodyBytes: number,
  headers: HeaderPairs,
  statusMessage: string,
  echoes: readonly Echo[],
];

export function encodeResponse(response: StoredResponse): Uint8Array {
  const { status, statusMessage, generatedAtMs, freshForMs, allowsStale, body, headers, echoes } = response;
  const head: Head = [status, generatedAtMs, freshForMs, allowsStale, body.length, headers, statusMessage, echoes];
  const headBytes = Buffer.from(JSON.stringify(head), 'utf8');
  const start = Buffer.alloc(HEAD_AT);
  MAGIC.copy(start);
  start.writeUInt32BE(headBytes.length, 4);
  return Buffer.concat([start, headBytes, body]);
}

/**
 * The store may be shared with others, so what comes from it is looked at before it is sent. @throws SerializationError
 */
export function decodeResponse(bytes: Uint8Array): StoredResponse {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (frame.length < HEAD_AT || !frame.subarray(0, 4).equals(MAGIC)) throw unreadable();
  const bodyAt = HEAD_AT + frame.readUInt32BE(4);
  const head = parseHead(frame.toString('utf8', HEAD_AT, bodyAt));
  if (!head || frame.length - bodyAt !== head[4]) throw unreadable();
  const [status, generatedAtMs, freshForMs, allowsStale, , headers, statusMessage, echoes] = head;
  const body = frame.subarray(bodyAt);
  return { status, statusMessage, generatedAtMs, freshForMs, allowsStale, headers, echoes, body, tags: [] };
}

export const responseCodec = { encode: encodeResponse, decode: decodeResponse, format: 'huntly/http-response' };

/** One field of a stored response, by its lower-case name. */
export function storedHeader({ headers }: StoredResponse, name: string): string | undefined {
  const value = headers.find(([found]) => isNamed(found, name))?.[1];
  return typeof value === 'object' ? value.join(', ') : value;
}

/**
 * Is this the name of a field, in whatever letters? A hit asks it of each of its fields: most differ in length or in
 * their first letter.
 */
export function isNamed(found: string, lowerCaseName: string): boolean {
  const isLikely =
    found.length === lowerCaseName.length && (found.charCodeAt(0) | 0x20) === lowerCaseName.charCodeAt(0);
  return isLikely && found.toLowerCase() === lowerCaseName;
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
  if (!Array.isArray(head) || head.length !== 8) return false;
  const [status, generatedAtMs, freshForMs, allowsStale, bodyBytes, headers, statusMessage, echoes] = head as unknown[];
  return (
    Number.isInteger(status) &&
    Number(status) >= 200 &&
    Number(status) <= 599 &&
    [generatedAtMs, freshForMs, bodyBytes].every(Number.isFinite) &&
    typeof allowsStale === 'boolean' &&
    Array.isArray(headers) &&
    headers.every(isPair) &&
    isValue(statusMessage) &&
    Array.isArray(echoes) &&
    echoes.every(isEcho)
  );
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Refuses what could end a header and begin something else, and the cookie of another client. */
function isPair(pair: unknown): boolean {
  if (!Array.isArray(pair) || pair.length !== 2) return false;
  const [name, value] = pair as unknown[];
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return typeof name === 'string' && NAME.test(name) && !isNamed(name, 'set-cookie') && values.every(isValue);
}

function isValue(text: unknown): text is string {
  return typeof text === 'string' && VALUE.test(text);
}

function isEcho(echo: unknown): boolean {
  return Array.isArray(echo) && echo.length === 3 && echo.every((text) => typeof text === 'string');
}

function unreadable(): SerializationError {
  return new SerializationError('The stored bytes are no response.');
}
