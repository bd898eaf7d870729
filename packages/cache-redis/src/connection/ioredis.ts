import { Cluster, Redis } from 'ioredis';
import type { RedisClient, RedisClusterClient } from './client.ts';
import type { ClusterSettings, RedisSettings } from './ioredis-options.ts';
import type { HostAndPort } from './options.ts';

/** As much of ioredis 5 or 6 as is used. */
export interface Ioredis {
  readonly Redis: new (settings: RedisSettings) => RedisClient;
  readonly Cluster: new (nodes: HostAndPort[], settings: ClusterSettings) => RedisClusterClient;
}

/** The ioredis of this package. A plain import, so that a bundler finds it. */
export const ioredis: Ioredis = { Redis, Cluster };
