/**
 * What this package asks of a client: no more than it uses. `Redis` and `Cluster` of ioredis 5 and 6 fit, and so does
 * ioredis-mock; a test keeps it so. Structural, because a service's ioredis need not be the one found from here.
 */
export interface RedisClient extends RedisCommands {
  /** Absent in ioredis-mock. */
  readonly status?: string | undefined;
  readonly isCluster?: boolean | undefined;
  readonly options?: RedisClientOptions | undefined;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  connect?(): Promise<unknown>;
  /** With `true` it connects anew afterwards. */
  disconnect(reconnect?: boolean): void;
  /** `Redis` only: another client with these settings changed. `duplicate` of a `Cluster` takes other arguments. */
  duplicate?(settings: never): unknown;
  quit(): Promise<unknown>;
  pipeline(): RedisPipeline;
}

export interface RedisClusterClient extends RedisClient {
  /** One client a node, or a primary. Changes with the topology, so ask again for each use. */
  nodes(role: 'all' | 'master'): RedisClient[];
  /** For each slot the nodes (`host:port`) that serve it, the primary first. */
  readonly slots: string[][];
  /** Asks anew who serves what. Errors are not interesting: the next look at `slots` shows how it went. */
  refreshSlotsCache(callback: () => void): void;
}

/** The settings that decide whether a command may run late or twice. Clients keep them in `options`. */
export interface RedisClientOptions {
  readonly autoResendUnfulfilledCommands?: boolean | undefined;
  readonly maxRetriesPerRequest?: number | null | undefined;
  readonly enableOfflineQueue?: boolean | undefined;
  readonly enableAutoPipelining?: boolean | undefined;
  readonly keyPrefix?: string | undefined;
  readonly db?: number | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly stringNumbers?: boolean | undefined;
  readonly replyMapping?: string | undefined;
  /** Sentinel: which kind of server to connect to. */
  readonly role?: string | undefined;
  /** Cluster: after how long a command is sent again whose connection broke. */
  readonly retryDelayOnFailover?: number | undefined;
  /** Cluster: which nodes answer reads. */
  readonly scaleReads?: unknown;
  /** Cluster: the settings of the connections to its nodes. */
  readonly redisOptions?: Omit<RedisClientOptions, 'redisOptions'> | undefined;
}

export type RedisArgument = string | Buffer | number;

/** `[id, [field, value, …]]` */
export type StreamEntry = [id: string, fields: string[]];

interface RedisCommands {
  get(key: string): Promise<string | null>;
  getBuffer(key: string): Promise<Buffer | null>;
  mget(keys: string[]): Promise<(string | null)[]>;
  mgetBuffer(keys: string[]): Promise<(Buffer | null)[]>;
  set(key: string, value: string | Buffer, px: 'PX', ttlMs: number): Promise<'OK' | null>;
  set(key: string, value: string | Buffer, px: 'PX', ttlMs: number, nx: 'NX'): Promise<'OK' | null>;
  set(key: string, value: string | Buffer, px: 'PX', ttlMs: number, nx: 'NX', get: 'GET'): Promise<string | null>;
  unlink(keys: string[]): Promise<number>;
  unlink(...keys: string[]): Promise<number>;
  pexpire(key: string, ttlMs: number): Promise<number>;
  pexpire(key: string, ttlMs: number, gt: 'GT'): Promise<number>;
  pttl(key: string): Promise<number>;

  eval(script: string, keyCount: number, ...keysAndArguments: RedisArgument[]): Promise<unknown>;
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: RedisArgument[]): Promise<unknown>;

  xadd(key: string, ...args: RedisArgument[]): Promise<string | null>;
  xrange(key: string, start: string, end: string): Promise<StreamEntry[]>;
  xrange(key: string, start: string, end: string, token: 'COUNT', count: number): Promise<StreamEntry[]>;
  xrevrange(key: string, end: string, start: string): Promise<StreamEntry[]>;
  xrevrange(key: string, end: string, start: string, token: 'COUNT', count: number): Promise<StreamEntry[]>;

  zincrby(key: string, increment: number, member: string): Promise<string>;
  zrevrange(key: string, start: number, stop: number): Promise<string[]>;
  zrevrange(key: string, start: number, stop: number, withScores: 'WITHSCORES'): Promise<string[]>;
  zrem(key: string, members: string[]): Promise<number>;
  zrem(key: string, ...members: string[]): Promise<number>;
  zremrangebyrank(key: string, start: number, stop: number): Promise<number>;
  zcard(key: string): Promise<number>;

  /**
   * One page: the next cursor (`'0'` at the end), and keys. On a Cluster client a random node answers: ask `nodes()`.
   */
  scan(
    cursor: string,
    match: 'MATCH',
    pattern: string,
    token: 'COUNT',
    count: number,
  ): Promise<[cursor: string, keys: string[]]>;

  /** How a node of a Cluster sees itself and the others, one line a node. */
  cluster(subcommand: 'NODES'): Promise<unknown>;
  /** Seconds and microseconds; ioredis hands on numbers or digits, depending on `stringNumbers`. */
  time(): Promise<(number | string)[]>;
  call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  info(...sections: string[]): Promise<string>;
  ping(): Promise<string>;
  select(db: number): Promise<unknown>;
}

/** Commands sent together; on a Cluster all keys of one pipeline must live on one node. */
export interface RedisPipeline {
  get(key: string): RedisPipeline;
  getBuffer(key: string): RedisPipeline;
  mgetBuffer(keys: string[]): RedisPipeline;
  set(key: string, value: string | Buffer, px: 'PX', ttlMs: number): RedisPipeline;
  set(key: string, value: string | Buffer, px: 'PX', ttlMs: number, nx: 'NX'): RedisPipeline;
  set(key: string, value: string | Buffer, px: 'PX', ttlMs: number, nx: 'NX', get: 'GET'): RedisPipeline;
  unlink(keys: string[]): RedisPipeline;
  unlink(...keys: string[]): RedisPipeline;
  pexpire(key: string, ttlMs: number): RedisPipeline;
  pttl(key: string): RedisPipeline;
  eval(script: string, keyCount: number, ...keysAndArguments: RedisArgument[]): RedisPipeline;
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: RedisArgument[]): RedisPipeline;
  xadd(key: string, ...args: RedisArgument[]): RedisPipeline;
  xrange(key: string, start: string, end: string): RedisPipeline;
  xrange(key: string, start: string, end: string, token: 'COUNT', count: number): RedisPipeline;
  xrevrange(key: string, end: string, start: string, token: 'COUNT', count: number): RedisPipeline;
  zincrby(key: string, increment: number, member: string): RedisPipeline;
  zrevrange(key: string, start: number, stop: number, withScores: 'WITHSCORES'): RedisPipeline;
  zrem(key: string, members: string[]): RedisPipeline;
  zrem(key: string, ...members: string[]): RedisPipeline;
  zremrangebyrank(key: string, start: number, stop: number): RedisPipeline;
  zcard(key: string): RedisPipeline;
  /** Rejects only when nothing was sent; otherwise one `[error, reply]` a command. */
  exec(): Promise<[error: Error | null, reply: unknown][] | null>;
}
