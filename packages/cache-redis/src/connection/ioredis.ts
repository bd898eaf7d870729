import { createRequire } from 'node:module';
import { CacheConfigError } from '@huntly/cache-core';
import type { RedisClient, RedisClusterClient } from './client.ts';
import type { ClusterSettings, RedisSettings } from './ioredis-options.ts';
import type { HostAndPort } from './options.ts';

/** As much of ioredis 5 or 6 as is used. */
export interface Ioredis {
  readonly Redis: new (settings: RedisSettings) => RedisClient;
  readonly Cluster: new (nodes: HostAndPort[], settings: ClusterSettings) => RedisClusterClient;
}

/** Loaded only by who opens a connection: those who bring a client, or use no Redis, need not have it. */
export function loadIoredis(load: (name: string) => unknown = createRequire(import.meta.url)): Ioredis {
  try {
    return load('ioredis') as Ioredis;
  } catch (error) {
    const problem =
      'ioredis is not installed, and cache-redis connects with it: npm install ioredis (version 5.4 or later).';
    throw new CacheConfigError([problem], { cause: error });
  }
}
