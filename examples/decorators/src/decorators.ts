import type { CacheManager } from '@huntly/cache-core';
import { createDecorators } from '@huntly/cache-decorators';

/** Each service brings its cache, so that a test can give it one of its own. */
export const { cacheLeadData, cacheSearchResults, cacheResult, invalidateCacheOnUpdate, handleOf } = createDecorators(
  (service: { readonly cache: CacheManager }) => service.cache,
);
