import { CacheConfigError, createCache } from '@huntly/cache-core';
import { describe, expect, it } from 'vitest';
import { cacheResponse, responseType } from '../../src/index.ts';

describe('a type of its own that was named http', () => {
  it('was taken for that of responses', () => {
    const cache = createCache({ types: { http: { ttl: '1m' } }, logger: false });
    const make = () => cacheResponse({ cache, ttl: '1m' });
    expect(make).toThrow(CacheConfigError);
    expect(make).toThrow(/has a type "http" of its own.*another name.*responseType\(\)/);
  });

  it('is fine where it is that of responses, declared or added', () => {
    for (const types of [{ http: responseType() }, {}]) {
      const cache = createCache({ types, logger: false });
      for (const _ of [1, 2]) expect(() => cacheResponse({ cache, ttl: '1m' })).not.toThrow();
      expect(Object.keys(cache.stats())).toEqual(['http']);
    }
  });
});
