import { type CacheManager, createCacheManager } from '@huntly/cache-core';
import { createDecorators } from '@huntly/cache-decorators';
import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';

/** The token under which services are given the cache. */
export const CACHE = Symbol('cache');

/** A service that uses them holds the cache that Nest gave it. */
export const { cacheLeadData, cacheSearchResults, invalidateCacheOnUpdate } = createDecorators(
  (service: { readonly cache: CacheManager }) => service.cache,
);

@Global()
@Module({
  providers: [{ provide: CACHE, useFactory: () => createCacheManager({ logger: false }) }],
  exports: [CACHE],
})
export class CacheModule implements OnApplicationShutdown {
  readonly #cache: CacheManager;

  constructor(@Inject(CACHE) cache: CacheManager) {
    this.#cache = cache;
  }

  /** Fills that are under way are finished. */
  async onApplicationShutdown(): Promise<void> {
    await this.#cache.close();
  }
}
