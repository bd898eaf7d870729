import { Cluster, Redis } from 'ioredis';

/** What is raced on: one server, or some nodes of a Cluster. */
export type Servers = { readonly url: string } | { readonly cluster: readonly { host: string; port: number }[] };

const SAFE = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false } as const;

/**
 * A client as the store demands it, without limits of time: a process that gets no turn for a second on a busy machine would
 * else be without its store for a moment, and what P1 says of that (`docs/promises.md`) is not what is raced for.
 */
export function patientClient(servers: Servers): Redis | Cluster {
  if ('url' in servers) return new Redis(servers.url, { ...SAFE, enableOfflineQueue: false });
  return new Cluster([...servers.cluster], { enableOfflineQueue: false, retryDelayOnFailover: 0, redisOptions: SAFE });
}
