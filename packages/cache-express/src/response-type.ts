import { type Cache, CacheConfigError, type CacheTypeOptions, type TypedCache } from '@huntly/cache-core';
import { Checks } from './checks.ts';
import { responseCodec, type StoredResponse } from './stored-response.ts';

export interface ResponseTypeOptions {
  /**
   * Copies of responses in this process, which follow what the store announces.
   * @default as the `local` of the cache says
   */
  readonly local?: boolean;
}

/** Of all responses, which a route adds to its cache. */
export const RESPONSE_TYPE = 'http';
/** What Redis takes as one value is 512 MB, with the head of the response. */
export const MAX_RESPONSE_BYTES = 500_000_000;
const MAX_HEAD_BYTES = 10_000_000;

/**
 * The type of all responses of a cache; each route gives its own TTL, grace and tags. `cacheResponse` adds it to its
 * cache by itself; where responses are to have local copies it is declared, since those are set up when the cache is
 * made.
 * @throws CacheConfigError with everything that is wrong with the options
 * @example createCache({ types: { http: responseType() }, store, local: true });
 */
export function responseType(options: ResponseTypeOptions = {}): CacheTypeOptions<StoredResponse> {
  const checks = new Checks('responseType');
  checks.names(options, ['local'] satisfies (keyof ResponseTypeOptions)[]);
  const { local } = options;
  checks.flag('local', local);
  checks.done();
  return {
    ttl: '1m',
    grace: '1m', // allows that of a route
    identifier: 'private',
    tags: (response) => response.tags,
    codec: responseCodec,
    share: 'trust', // what a hit hands out is copied as it is sent
    maxValueBytes: MAX_RESPONSE_BYTES + MAX_HEAD_BYTES, // `maxBodyBytes` of the route decides
    ...(local === undefined ? {} : { local }),
  };
}

/** The responses of a cache. @throws CacheConfigError where its type of this name is another one */
export function responsesOf(cache: Pick<Cache, 'addType'>): TypedCache<StoredResponse> {
  try {
    return cache.addType(RESPONSE_TYPE, responseType());
  } catch (cause) {
    if (!CacheConfigError.is(cause)) throw cause;
    const problem = `the cache has a type "${RESPONSE_TYPE}" of its own, and cacheResponse keeps its responses under that name: give the type another name, or declare it as responseType() if it is for responses`;
    throw new CacheConfigError([problem], { cause });
  }
}
