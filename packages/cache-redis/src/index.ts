export type { RedisClient, RedisClusterClient } from './connection/client.ts';
export type { RedisStoreOptions } from './connection/options.ts';
export { createCacheManager } from './manager.ts';
export { redisStore } from './redis-store.ts';
