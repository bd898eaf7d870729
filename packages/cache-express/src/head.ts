import type { ServerResponse } from 'node:http';
import { setAll } from './head-arguments.ts';

type AnyFunction = (...args: unknown[]) => unknown;

/** Sets what `writeHead` was given as single fields, so that they can be looked at; returns what is left to give it. */
export function takeHead(res: ServerResponse, [status, second, third]: readonly unknown[]): unknown[] {
  const hasMessage = typeof second === 'string';
  const code = Number(status);
  res.statusCode = Number.isNaN(code) ? (status as number) : code; // Node refuses it, and says what it was
  setAll(res, hasMessage ? third : (second ?? third));
  return hasMessage ? [res.statusCode, second] : [res.statusCode];
}

/**
 * Runs `call`, which writes the head through the hooks of whatever lies below, and `judge` once these have had their
 * say. Node forms the head in `_storeHeader`: until then fields can be mended. A response without it is judged after
 * `call`, when its head can only be looked at.
 */
export function judgeAfterHooks<T>(res: ServerResponse, judge: () => void, call: () => T): T {
  let isJudged = false;
  const judgeOnce = () => {
    if (!isJudged) judge();
    isJudged = true;
  };
  const form: unknown = Reflect.get(res, '_storeHeader');
  if (typeof form === 'function') {
    Reflect.set(res, '_storeHeader', (...args: unknown[]) => {
      judgeOnce();
      return (form as AnyFunction).apply(res, args);
    });
  }
  try {
    const result = call();
    judgeOnce();
    return result;
  } finally {
    if (typeof form === 'function') Reflect.set(res, '_storeHeader', form);
  }
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
 * Closes the head of a response whose whole body is known, as `end` would do it, and sends nothing: Node holds a head
 * back until the first byte of a body.
 */
export function closeHead(res: ServerResponse, [chunk, encoding]: readonly unknown[]): void {
  const hasLength = ['content-length', 'transfer-encoding', 'trailer'].some((name) => res.hasHeader(name));
  const hasBody = res.statusCode !== 204 && res.statusCode !== 304 && res.req?.method !== 'HEAD';
  const setsLength = !hasLength && hasBody;
  if (setsLength) res.setHeader('Content-Length', bytesOf(chunk, encoding));
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
