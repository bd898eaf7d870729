import {
  CacheConfigError,
  type CacheManager,
  type CacheManagerOptions,
  type CacheTypes,
  createCacheManager as createInProcess,
  type Environment,
  loadCacheConfig,
} from '@huntly/cache-core';
import { redisOptionsFromEnv } from './connection/environment.ts';
import type { UrlOptions } from './connection/options.ts';
import { redisStore } from './redis-store.ts';

/**
 * `createCacheManager` of `@huntly/cache-core` on the Redis that `REDIS_URL` names; without it, and without a `store`, on the
 * in-process store.
 * @throws CacheConfigError as the original; bad `REDIS_*` variables are among those of the environment.
 * @example const manager = createCacheManager();
 */
export function createCacheManager<const T extends CacheTypes = Record<never, never>>(
  options: CacheManagerOptions<T> = {},
): CacheManager<T> {
  const redis = options.store ? undefined : redisOfEnvironment(options.env ?? process.env);
  return createInProcess(redis ? { ...options, store: redisStore(redis) } : options);
}

/** @throws CacheConfigError with everything that is wrong with the environment, before there is a store to close. */
function redisOfEnvironment(env: Environment): UrlOptions | undefined {
  const problems: string[] = [];
  const read = <T>(from: (env: Environment) => T): T | undefined => {
    try {
      return from(env);
    } catch (error) {
      if (!CacheConfigError.is(error)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const redis = read(redisOptionsFromEnv);
  read(loadCacheConfig);
  if (problems.length > 0) throw new CacheConfigError(problems);
  return redis;
}
