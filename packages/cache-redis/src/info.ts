/** What `INFO` says of one server; what it does not say is `undefined`. */
export interface ServerInfo {
  /** Another one after each start: counters of different runs must not be compared. */
  readonly runId: string | undefined;
  readonly version: string | undefined;
  readonly role: 'primary' | 'replica' | undefined;
  readonly uptimeSeconds: number | undefined;
  readonly usedBytes: number | undefined;
  /** 0: without limit. */
  readonly maxBytes: number | undefined;
  readonly policy: string | undefined;
  readonly fragmentation: number | undefined;
  readonly evictedKeys: number | undefined;
  readonly hits: number | undefined;
  readonly misses: number | undefined;
  readonly connectedClients: number | undefined;
  readonly maxClients: number | undefined;
  readonly replicas: number | undefined;
  readonly isLinkUp: boolean | undefined;
  readonly lagSeconds: number | undefined;
}

/** All that `parseInfo` reads; servers take several in one call since 7.0. */
export const SECTIONS = ['server', 'clients', 'memory', 'stats', 'replication'] as const;

/** Below this, the overhead of the server itself decides the ratio. */
const FRAGMENTATION_FROM_BYTES = 100 * 1024 * 1024;

export function parseInfo(text: string): ServerInfo {
  const fields = fieldsOf(text);
  const number = (name: string): number | undefined => {
    const value = fields.get(name);
    return value !== undefined && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
  };
  const word = (name: string): string | undefined => {
    const value = fields.get(name);
    return value !== undefined && /^[\w.+~-]{1,64}$/.test(value) ? value : undefined;
  };
  const usedBytes = number('used_memory');
  const isLarge = usedBytes !== undefined && usedBytes > FRAGMENTATION_FROM_BYTES;
  return {
    runId: word('run_id'),
    version: word('valkey_version') ?? word('redis_version'),
    role: roleOf(fields),
    uptimeSeconds: number('uptime_in_seconds'),
    usedBytes,
    maxBytes: number('maxmemory'),
    policy: word('maxmemory_policy'),
    fragmentation: isLarge ? number('mem_fragmentation_ratio') : undefined,
    evictedKeys: number('evicted_keys'),
    hits: number('keyspace_hits'),
    misses: number('keyspace_misses'),
    connectedClients: number('connected_clients'),
    maxClients: number('maxclients'),
    ...replicationOf(fields, number),
  };
}

/** `undefined`: this server may be used. Else the code of what makes it useless to a plain client. */
export function obstacleIn(info: string): 'MOVED' | 'READONLY' | 'MASTERDOWN' | undefined {
  const fields = fieldsOf(info);
  if (fields.get('cluster_enabled') === '1') return 'MOVED';
  if (roleOf(fields) !== 'replica') return undefined;
  return fields.get('master_link_status') === 'down' ? 'MASTERDOWN' : 'READONLY';
}

function fieldsOf(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/^([a-z_\d]+):(.*?)\r?$/gm)) fields.set(name, value);
  return fields;
}

function roleOf(fields: ReadonlyMap<string, string>): ServerInfo['role'] {
  const role = fields.get('role');
  if (role === 'slave') return 'replica';
  return role === 'master' ? 'primary' : undefined;
}

function replicationOf(
  fields: ReadonlyMap<string, string>,
  number: (name: string) => number | undefined,
): Pick<ServerInfo, 'replicas' | 'isLinkUp' | 'lagSeconds'> {
  const replicas = number('connected_slaves');
  const link = fields.get('master_link_status');
  if (link !== undefined) {
    const lagSeconds = number('master_last_io_seconds_ago');
    return { replicas, isLinkUp: link === 'up', lagSeconds: lagSeconds === -1 ? undefined : lagSeconds };
  }
  // slave0:ip=…,port=…,state=online,offset=…,lag=1
  const ofReplicas = [...fields].flatMap(([name, value]) => (/^slave\d+$/.test(name) ? [value] : []));
  if (ofReplicas.length === 0) return { replicas, isLinkUp: undefined, lagSeconds: undefined };
  const lags = ofReplicas.flatMap((value) => /(?:^|,)lag=(\d+)/.exec(value)?.[1] ?? []).map(Number);
  return {
    replicas,
    isLinkUp: ofReplicas.every((value) => value.includes('state=online')),
    lagSeconds: lags.length > 0 ? Math.max(...lags) : undefined,
  };
}
