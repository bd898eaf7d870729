export { cacheResponse } from './cache-response.ts';
export type { CacheResponseOptions, ResponseCache } from './options.ts';
export { BadQueryError, type StandardSchema } from './query.ts';
export type { Reason } from './storable.ts';
export type { Normalizer } from './vary.ts';
