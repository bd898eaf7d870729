import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { Access, Target } from './target.ts';

/**
 * The settings of our own connections, each with its reason. They were measured against servers that were killed,
 * frozen, full and loading. Together they say: answer or refuse at once, and send nothing twice.
 *
 * `protocol` is left to ioredis: 5 speaks RESP2 only, 6 RESP3, falling back by itself, with the replies of RESP2.
 */
function connectionSettings(access: Access) {
  return {
    ...credentials(access),
    /** The socket only. The handshake after it is bounded by `socketTimeout`. */
    connectTimeout: access.connectTimeoutMs,
    /** A frozen server keeps its sockets open: without this its connection would never be replaced. */
    socketTimeout: access.socketTimeoutMs,
    /** A net below the deadlines of the cache, which are shorter and know when this process was busy itself. */
    commandTimeout: 1_000,
    /** On `close()`, how long to wait for a server that does not close its side. */
    disconnectTimeout: 500,
    keepAlive: 10_000,
    noDelay: true,
    /** IPv4 and IPv6. Early versions of ioredis 5 take IPv4 alone. */
    family: 0,
    /**
     * 0 alone rejects what was under way as soon as a connection breaks; with any other number that may wait for ever.
     */
    maxRetriesPerRequest: 0,
    /**
     * A command must never be sent twice: a lease would be granted that no load holds, or an old value stored after an
     * invalidation.
     */
    autoResendUnfulfilledCommands: false,
    /** No waiting before the connection is there, no late writes after it is back, no memory that grows meanwhile. */
    enableOfflineQueue: false,
    /** A server that is loading its data counts as not ready. */
    enableReadyCheck: true,
    /** Asks a loading server again after so long, instead of the time that it expects itself. */
    maxLoadingRetryTime: 500,
    /** A constructor does no I/O, and the promise of `connect()` must be caught. */
    lazyConnect: true,
    /**
     * Measured: no gain in throughput, worse tails, one slow command holds up all, and a crash with `defineCommand`.
     */
    enableAutoPipelining: false,
    /** Not applied to the patterns of `SCAN`, and removed from no reply: names are built by the cache alone. */
    keyPrefix: '',
    connectionName: CONNECTION_NAME,
    /** Two commands less for each connection, which servers before 7.2 would refuse. */
    disableClientInfo: true,
  } satisfies RedisOptions;
}

/** What the connections for announcements have otherwise than the connection for data that they are made from. */
export function announcementSettings(boundMs: number, random: () => number) {
  return {
    /** ioredis 6 drops the `invalidate` messages of RESP3 without a word. */
    protocol: 2 as const,
    /** The server forgets what it tracked for a connection that is gone: after each `ready` all is armed anew. */
    autoResubscribe: false,
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    keyPrefix: '',
    /** A frozen server accepts connections: the handshake ends with the bound. */
    socketTimeout: boundMs,
    commandTimeout: boundMs,
    connectTimeout: boundMs,
    disconnectTimeout: 500,
    retryStrategy: jitteredBackoff(random),
    connectionName: `${CONNECTION_NAME}-announcements`,
  } satisfies RedisOptions;
}

/** Shown by `CLIENT LIST`. */
const CONNECTION_NAME = 'huntly-cache';

export type RedisSettings = ReturnType<typeof serverSettings> | ReturnType<typeof sentinelSettings>;
export type ClusterSettings = ReturnType<typeof clusterSettings>;

export function serverSettings(target: Target & { kind: 'server' }, backoff: Backoff) {
  const { host, port, db } = target;
  return { ...connectionSettings(target), host, port, db, retryStrategy: backoff } satisfies RedisOptions;
}

export function sentinelSettings(target: Target & { kind: 'sentinel' }, backoff: Backoff) {
  const { sentinels, name, db, sentinelUsername, sentinelPassword, sentinelTls } = target;
  return {
    ...connectionSettings(target),
    db,
    retryStrategy: backoff,
    sentinels: [...sentinels],
    name,
    /** Compared with what the server says of itself, as a Sentinel may be behind. */
    role: 'master' as const,
    sentinelRetryStrategy: backoff,
    /** A frozen Sentinel would be waited for without end, and the next one never asked. */
    sentinelCommandTimeout: target.connectTimeoutMs,
    ...(sentinelUsername && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(sentinelTls && { sentinelTLS: sentinelTls }),
    /** Else `tls` is ignored for the servers that the Sentinels name. */
    enableTLSForSentinelMode: target.tls !== undefined,
  } satisfies RedisOptions;
}

/** A Cluster client has a queue and retries of its own, around those of its connections to the nodes. */
export function clusterSettings(access: Access, backoff: Backoff) {
  const { enableOfflineQueue, ...redisOptions } = connectionSettings(access); // ioredis sets that of the nodes itself
  return {
    redisOptions,
    enableOfflineQueue,
    enableReadyCheck: true,
    lazyConnect: true,
    enableAutoPipelining: false,
    /** Replicas lag behind: a read could miss an invalidation that is already applied. */
    scaleReads: 'master' as const,
    /** A node that says "moved" or "ask" has not run the command, so that it may go to another one. */
    maxRedirections: 3,
    /** Not 0, this would send commands again whose connection broke: they may have run. */
    retryDelayOnFailover: 0,
    /** Not 0, this would hold up requests while the Cluster is down. */
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 50,
    /** Each look at the slots makes a connection of its own. */
    slotsRefreshTimeout: access.connectTimeoutMs,
    clusterRetryStrategy: backoff,
    /** ioredis would connect to the address instead, which a certificate does not name. */
    ...(access.tls && { dnsLookup: keepHostName }),
  } satisfies ClusterOptions;
}

export type Backoff = (attempt: number) => number;

/**
 * For ever: a client whose strategy gives up stays dead. Jittered, as all processes lose the server at once. Half a
 * second at most: a server that is back is found within it, and one that is not costs a refused connection.
 */
export function jitteredBackoff(random: () => number): Backoff {
  return (attempt) => Math.round(Math.min(50 * 2 ** Math.min(attempt - 1, 6), 500) * (0.5 + random() * 0.5));
}

function credentials({ username, password, tls }: Access): { username?: string; password?: string; tls?: TlsOptions } {
  return { ...(username && { username }), ...(password && { password }), ...(tls && { tls }) };
}

function keepHostName(host: string, callback: (error: null, address: string) => void): void {
  callback(null, host);
}
