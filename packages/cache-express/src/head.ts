import type { ServerResponse } from 'node:http';
import { setAll } from './headers.ts';

/** Sets what `writeHead` was given as single fields, so that they can be looked at; returns what is left to give it. */
export function takeHead(res: ServerResponse, [status, second, third]: readonly unknown[]): unknown[] {
  const hasMessage = typeof second === 'string';
  res.statusCode = Number(status);
  setAll(res, hasMessage ? third : (second ?? third));
  return hasMessage ? [res.statusCode, second] : [res.statusCode];
}

/** Does `write` take it? At anything else it throws, before it sends a head. */
export function isChunk(chunk: unknown): boolean {
  return typeof chunk === 'string' || chunk instanceof Uint8Array;
}

/** Does `end` take it? */
export function isLastChunk(chunk: unknown): boolean {
  return chunk === undefined || chunk === null || typeof chunk === 'function' || isChunk(chunk);
}

/**
 * Closes the head of a response whose whole body is known, as `end` would do it, and sends nothing: Node holds a head back until the first
 * byte of a body.
 */
export function closeHead(res: ServerResponse, [chunk, encoding]: readonly unknown[]): void {
  const hasLength = ['content-length', 'transfer-encoding', 'trailer'].some((name) => res.hasHeader(name));
  const setsLength = !hasLength && res.statusCode !== 204 && res.statusCode !== 304;
  if (setsLength) res.setHeader('content-length', bytesOf(chunk, encoding));
  try {
    res.writeHead(res.statusCode);
  } catch (error) {
    if (setsLength && !res.headersSent) res.removeHeader('content-length'); // that of the next answer is another
    throw error;
  }
}

function bytesOf(chunk: unknown, encoding: unknown): number {
  if (chunk instanceof Uint8Array) return chunk.byteLength;
  if (typeof chunk !== 'string') return 0;
  return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
}
