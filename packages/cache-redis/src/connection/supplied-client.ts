import { CacheConfigError } from '@huntly/cache-core';
import type { RedisClient, RedisClientOptions, RedisClusterClient } from './client.ts';

/** A setting that a client must have, since the promises of the cache depend on it. */
interface Demand {
  readonly setting: keyof RedisClientOptions;
  readonly value: false | 0 | '' | 'master' | 'legacy';
  readonly why: string;
  /** ioredis has the right value where the setting is left out. */
  readonly isDefault: boolean;
}

const ONCE = 'else commands that were under way when the connection broke are sent a second time, or never answered';
const ALWAYS: readonly Demand[] = [
  {
    setting: 'keyPrefix',
    value: '',
    isDefault: true,
    why: 'SCAN ignores it and scripts do not; use the namespace of the cache',
  },
  { setting: 'enableAutoPipelining', value: false, isDefault: true, why: 'one slow command would hold up all others' },
];
const OF_CONNECTIONS: readonly Demand[] = [
  { setting: 'maxRetriesPerRequest', value: 0, isDefault: false, why: ONCE },
  { setting: 'stringNumbers', value: false, isDefault: true, why: 'replies that are numbers must stay numbers' },
  { setting: 'replyMapping', value: 'legacy', isDefault: true, why: 'replies must have the shapes of RESP2' },
];
const NO_QUEUE: Demand = {
  setting: 'enableOfflineQueue',
  value: false,
  isDefault: false,
  why: 'else commands wait without end while there is no connection, and run late',
};
const OF_REDIS: readonly Demand[] = [
  NO_QUEUE,
  ...OF_CONNECTIONS,
  ...ALWAYS,
  { setting: 'role', value: 'master', isDefault: true, why: 'replicas lag behind and refuse writes' },
];
const OF_CLUSTER: readonly Demand[] = [
  NO_QUEUE,
  { setting: 'retryDelayOnFailover', value: 0, isDefault: false, why: ONCE },
  {
    setting: 'scaleReads',
    value: 'master',
    isDefault: true,
    why: 'replicas lag behind, so invalidated values would be read',
  },
  ...ALWAYS,
];

/**
 * Refuses a client that may run a command twice or late: the tokens of leases are good for one use, and a fill that
 * arrives late could bring an invalidated value back.
 * @throws CacheConfigError listing all settings to change, ready to be copied.
 */
export function checkSuppliedClient(client: RedisClient): void {
  const stranger = strangerProblem(client);
  if (stranger !== undefined) throw new CacheConfigError([stranger]);
  const options = client.options ?? {};
  const problems = isClusterClient(client) ? clusterProblems(options) : redisProblems(options, isMock(client));
  if (problems.length > 0) throw new CacheConfigError(problems);
}

/** What `client` is instead of one of ioredis. */
function strangerProblem(client: unknown): string | undefined {
  const must = 'client must be a Redis or Cluster of ioredis 5 or 6';
  if (client === undefined || client === null) {
    return `${must}; got ${client}. Is it imported before it is made, or is its promise still to be awaited?`;
  }
  const has = (name: string) => typeof Reflect.get(Object(client), name) === 'function';
  if (has('quit') && has('on') && has('mgetBuffer') && has('evalsha')) return undefined;
  if (has('then')) return `${must}; got a promise. Await it first.`;
  if (has('mGet') || has('evalSha')) {
    return `${must}; got one of node-redis (the package redis), which has other methods. Give its address as url, or make a client of ioredis.`;
  }
  if (typeof client === 'string') return `${must}; got a string. Give an address as url.`;
  return `${must}.`;
}

export function isClusterClient(client: RedisClient): client is RedisClusterClient {
  return client.isCluster === true;
}

/** ioredis-mock has no connection, so nothing can be queued or sent again; it has no `status` either. */
export function isMock(client: RedisClient): boolean {
  return client.status === undefined;
}

function redisProblems(options: RedisClientOptions, isMocked: boolean): string[] {
  const unmet = OF_REDIS.filter((demand) => !isMet(demand, options)).filter(
    ({ setting }) => !isMocked || setting === 'keyPrefix',
  );
  if (unmet.length === 0) return [];
  return [...unmet.map((demand) => problem('', demand)), `set: new Redis({ ${settings(unmet)} })`];
}

function clusterProblems(options: RedisClientOptions): string[] {
  const unmet = OF_CLUSTER.filter((demand) => !isMet(demand, options));
  const ofNodes = OF_CONNECTIONS.filter((demand) => !isMet(demand, options.redisOptions ?? {}));
  if (unmet.length + ofNodes.length === 0) return [];
  const nested = ofNodes.length > 0 ? [`redisOptions: { ${settings(ofNodes)} }`] : [];
  const all = [...(unmet.length > 0 ? [settings(unmet)] : []), ...nested].join(', ');
  return [
    ...unmet.map((demand) => problem('', demand)),
    ...ofNodes.map((demand) => problem('redisOptions.', demand)),
    `set: new Cluster(nodes, { ${all} })`,
  ];
}

function isMet({ setting, value, isDefault }: Demand, options: RedisClientOptions): boolean {
  const given = options[setting];
  return given === value || (isDefault && (given === undefined || given === null));
}

function problem(path: string, { setting, value, why }: Demand): string {
  return `client: ${path}${setting} must be ${JSON.stringify(value)}: ${why}.`;
}

/** As it is written in code. Re-sending is named too: it is harmless only together with `maxRetriesPerRequest: 0`. */
function settings(demands: readonly Demand[]): string {
  return demands
    .flatMap(({ setting, value }) => [
      `${setting}: ${typeof value === 'string' ? `'${value}'` : value}`,
      ...(setting === 'maxRetriesPerRequest' ? ['autoResendUnfulfilledCommands: false'] : []),
    ])
    .join(', ');
}
