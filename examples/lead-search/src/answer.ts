import type { Identifier, TypedCache } from '@huntly/cache-core';
import type { Response } from 'express';

export type Source = 'cache' | 'database';

export interface Answer<Value> {
  value: Value;
  source: Source;
}

/** Sends what `read` gives as JSON, and says in two headers where it came from and how long that took. */
export async function answer<Value>(response: Response, read: () => Promise<Answer<Value>>): Promise<void> {
  const startedAt = performance.now();
  const { value, source } = await read();
  const tookMs = (performance.now() - startedAt).toFixed(2);
  response.set({ 'X-Answer-From': source, 'Server-Timing': `${source};dur=${tookMs}` }).json(value);
}

/**
 * Asks the cache first; `load` runs for one caller only, and what it returns is stored unless it was invalidated while
 * it loaded. A caller who shares another one's load is answered by the cache as well: he costs the database nothing.
 */
export async function readThrough<Value>(
  cache: TypedCache<unknown>,
  identifier: Identifier,
  load: () => Promise<Value>,
): Promise<Answer<Value>> {
  let source: Source = 'cache';
  const value = await cache.getOrSet(identifier, () => {
    source = 'database';
    return load();
  });
  return { value, source };
}
