import {
  type CacheManager,
  type CacheManagerOptions,
  type CacheTypes,
  createCacheManager as createInProcess,
} from '@huntly/cache-core';
import { redisOptionsFromEnv } from './connection/environment.ts';
import { redisStore } from './redis-store.ts';

/**
 * `createCacheManager` of `@huntly/cache-core` on the Redis that `REDIS_URL` names; without it, and without a `store`, on the
 * in-process store.
 * @throws CacheConfigError as the original, and for bad `REDIS_*` variables.
 * @example const manager = createCacheManager();
 */
export function createCacheManager<const T extends CacheTypes = Record<never, never>>(
  options: CacheManagerOptions<T> = {},
): CacheManager<T> {
  const redis = options.store ? undefined : redisOptionsFromEnv(options.env ?? process.env);
  return createInProcess(redis ? { ...options, store: redisStore(redis) } : options);
}
