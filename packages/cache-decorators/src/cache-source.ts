import { atOnce, CacheConfigError } from '@huntly/cache-core';
import type { AnyCache } from './method-types.ts';

/** The cache of an object whose method is called. */
export type CacheSource = (self: unknown) => AnyCache;

/** @throws CacheConfigError for what is neither a cache nor a function */
export function cacheSource(source: unknown): CacheSource {
  if (typeof source !== 'function') {
    const cache = checked(source, 'createDecorators needs a cache, or a function from an object to its cache');
    return () => cache;
  }
  return (self) =>
    checked(
      atOnce('the function given to createDecorators', source(self)),
      'the function given to createDecorators must return a cache',
    );
}

function checked(cache: unknown, wanted: string): AnyCache {
  const isCache = typeof cache === 'object' && cache !== null && 'type' in cache && typeof cache.type === 'function';
  if (isCache) return cache as unknown as AnyCache;
  throw new CacheConfigError([`${wanted}; got ${cache === null ? 'null' : typeof cache}`]);
}
