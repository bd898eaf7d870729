import { cacheType, createCache, createCacheManager, memoryStore } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import { vi } from 'vitest';
import { createDecorators } from '../src/index.ts';

export interface Lead {
  readonly id: number;
  readonly name: string;
}
export interface Query {
  readonly q: string;
}

/** A cache, a manager, their decorators, and a slow source that counts. */
export function createSetup() {
  const clock = new FakeClock();
  const warn = vi.fn();
  const error = vi.fn();
  const logger = { debug() {}, info() {}, warn, error, isLevelEnabled: () => false };
  const store = memoryStore({ clock });
  const shared = { clock, logger, random: () => 0 };
  const types = {
    report: { ttl: '1h' },
    forecast: { ttl: '1h', grace: '1m' },
    lead: cacheType<unknown>({ ttl: '2h' }),
  } as const;
  const cache = createCache({ ...shared, store, types });
  const manager = createCacheManager({ ...shared, env: {} });
  const source = vi.fn(async (text: string): Promise<string> => text);
  return {
    clock,
    warn,
    error,
    store,
    cache,
    manager,
    source,
    decorators: createDecorators(cache),
    managed: createDecorators(manager),
    held: createDecorators((service: { readonly cache: typeof cache }) => service.cache),
  };
}
