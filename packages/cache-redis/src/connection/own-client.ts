import type { RedisClient, RedisClusterClient } from './client.ts';
import type { Ioredis } from './ioredis.ts';
import { clusterSettings, jitteredBackoff, sentinelSettings, serverSettings } from './ioredis-options.ts';
import type { Target } from './target.ts';

/** Makes the client that the options ask for. It does not connect yet. */
export function createClient(
  target: Exclude<Target, { kind: 'client' }>,
  { Redis, Cluster }: Ioredis,
  random: () => number,
): RedisClient | RedisClusterClient {
  const backoff = jitteredBackoff(random);
  switch (target.kind) {
    case 'server':
      return new Redis(serverSettings(target, backoff));
    case 'sentinel':
      return new Redis(sentinelSettings(target, backoff));
    case 'cluster':
      return new Cluster([...target.nodes], clusterSettings(target, backoff));
  }
}
