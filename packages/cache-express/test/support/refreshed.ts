import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import { type CacheResponseOptions, cacheResponse } from '../../src/index.ts';

export async function turns(count = 60): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface Warning {
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A cache on a clock of its own, whose warnings are kept, and a cached route whose responses are refreshed. */
export function refreshing(options: Partial<CacheResponseOptions> = {}) {
  const clock = new FakeClock();
  const warnings: Warning[] = [];
  const none = () => undefined;
  const warn = (fields: object, message: string) =>
    void warnings.push({ fields: fields as Warning['fields'], message });
  const cache = createCache({ types: {}, clock, logger: { debug: none, info: none, error: none, warn } });
  const route = cacheResponse({ cache, clock, ttl: '60s', grace: '10m', shared: true, ...options });
  return { cache, clock, warnings, route };
}
