export { cacheResponse } from './cache-response.ts';
export { type HealthRoute, type HealthRouteOptions, healthRoute } from './health-route.ts';
export type { CacheResponseOptions, ResponseCache } from './options.ts';
export { BadQueryError, type StandardSchema } from './query.ts';
export { type ResponseTypeOptions, responseType } from './response-type.ts';
export { type StatsRouteOptions, statsRoute } from './stats-route.ts';
export type { Reason } from './storable.ts';
export type { StoredResponse } from './stored-response.ts';
export type { Normalizer } from './vary.ts';
