import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { RedisClient } from './client.ts';

/** Where the Redis is: exactly one of `url`, `client`, `cluster`, `sentinels`. */
export type RedisStoreOptions = UrlOptions | ClientOptions | ClusterOptions | SentinelOptions;

/** One server. */
export interface UrlOptions extends CommonOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, `rediss://` with TLS. User and password are percent-encoded. Query options
   * are refused. The type admits `undefined` for `process.env.REDIS_URL`; opening without a URL throws.
   */
  readonly url: string | undefined;
  /** The number of the database; may be in the URL instead. @default 0 */
  readonly db?: number | undefined;
}

/** A client of ioredis that the caller made and closes. It is checked: commands must never run late or twice. */
export interface ClientOptions {
  readonly client: RedisClient;
  /** As for the other ways. @default 1000 */
  readonly heartbeatMs?: number | undefined;
}

/** A Redis or Valkey Cluster. It has one database only. */
export interface ClusterOptions extends CommonOptions {
  /** Some of its nodes, as `host:port` or parts; the others are asked for. */
  readonly cluster: readonly string[] | readonly HostAndPort[];
}

/** The primary that Sentinels watch. Replicas are never used. */
export interface SentinelOptions extends CommonOptions {
  readonly sentinels: readonly HostAndPort[];
  /** Under which the Sentinels know the primary. */
  readonly name: string;
  /** @default 0 */
  readonly db?: number | undefined;
  /** For the Sentinels themselves; `username`, `password` and `tls` are for the data servers. */
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  readonly sentinelTls?: true | TlsOptions | undefined;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export interface CommonOptions {
  /** An ACL user. @default the user `default` */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /**
   * `true`, or what `tls.connect` takes: `ca` for an authority of your own, `servername` where the certificate names another
   * host than the one connected to.
   * @default true for `rediss://`, else off
   */
  readonly tls?: true | TlsOptions | undefined;
  /** Milliseconds until the socket must be connected. @default 1000 */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * Milliseconds of silence of the server after a command, before the connection is given up. Must be longer than the event
   * loop is ever blocked: the silence of a blocked process looks the same. @default 2000
   */
  readonly socketTimeoutMs?: number | undefined;
  /**
   * The most connections that this process may open: two for each primary. Checked whenever a Cluster becomes ready; one
   * with more primaries than that is not used. @default 20
   */
  readonly maxConnections?: number | undefined;
  /**
   * Announcements for local copies: milliseconds between two signs of life. Copies are dropped after three of them without
   * one. @default 1000
   */
  readonly heartbeatMs?: number | undefined;
}
