import { type Clock, type StoreStatus, systemClock } from '@huntly/cache-core';
import { obstacleIn } from '../info.ts';
import { codeOf } from '../redaction.ts';
import { nextTick } from '../timers.ts';
import type { RedisClient, RedisClusterClient } from './client.ts';
import { listenTo } from './client-events.ts';
import { catchDropped } from './dropped-promises.ts';
import { type Ioredis, ioredis as ownIoredis } from './ioredis.ts';
import type { RedisStoreOptions } from './options.ts';
import { createClient } from './own-client.ts';
import { connectPrimaries, NodeWatch } from './primaries.ts';
import { StatusWatch } from './status.ts';
import { checkSuppliedClient, isClusterClient, isMock } from './supplied-client.ts';
import { CONNECTIONS_PER_PRIMARY, type Target, targetOf } from './target.ts';

export interface Connection {
  readonly client: RedisClient | RedisClusterClient;
  readonly isCluster: boolean;
  /** For the connections for announcements. */
  readonly heartbeatMs: number;
  /** All primaries as plain clients: one, unless this is a Cluster. Ask again for each use, as the topology changes. */
  primaries(): RedisClient[];
  status(): StoreStatus;
  /** Calls `listener` at each change; the returned function ends that. */
  onStatus(listener: (status: StoreStatus) => void): () => void;
  /**
   * Calls `listener` whenever there may be other primaries, or another server is reached; the returned function ends
   * that.
   */
  onTopology(listener: (change: TopologyChange) => void): () => void;
  /**
   * The server refused a write as a replica: it is not used any more, until it is a primary or another one is reached.
   * @param write does a write without effect; asked where the server may not be asked for its role
   */
  demoted(write: () => Promise<unknown>): void;
  /**
   * Waits up to half a second for what is under way. Never rejects; may be called twice. A supplied client stays open.
   */
  close(): Promise<void>;
}

/** `nodes`: a Cluster may have other primaries. `reached`: the connection is ready anew, to whichever server. */
export type TopologyChange = 'nodes' | 'reached';

/** Events after which a Cluster may have other primaries. */
const NODES_EVENTS = ['+node', '-node', 'refresh'] as const;

/** What tests replace. */
export interface Outside {
  readonly ioredis?: Ioredis;
  readonly clock?: Clock;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** How long `close()` waits for the answer to `QUIT`, and a Cluster for the first connections to its primaries. */
const PATIENCE_MS = 500;
/** How often a replica is asked whether it is a primary by now. */
const RECHECK_MS = 250;

/**
 * Begins to connect in the next tick, and goes on for as long as it takes: only `status()` tells how that fares.
 * @throws CacheConfigError for options, or a client, that cannot work.
 */
export function openConnection(options: RedisStoreOptions, outside: Outside = {}): Connection {
  const target = targetOf(options);
  if (target.kind === 'client') {
    checkSuppliedClient(target.client);
    return new RedisConnection(target.client, target, outside.clock ?? systemClock);
  }
  const { ioredis = ownIoredis, random = Math.random, clock = systemClock } = outside;
  return new RedisConnection(createClient(target, ioredis, random), target, clock);
}

class RedisConnection implements Connection {
  readonly client: RedisClient | RedisClusterClient;
  readonly isCluster: boolean;
  readonly heartbeatMs: number;
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #watch: StatusWatch;
  readonly #nodes: NodeWatch;
  /** Ends listening to the client. */
  readonly #forget: readonly (() => void)[];
  readonly #topologyListeners = new Set<(change: TopologyChange) => void>();
  #closing: Promise<void> | undefined;
  #cancelRecheck: () => void = () => undefined;
  #demoted: Demoted | undefined;

  constructor(client: RedisClient | RedisClusterClient, target: Target, clock: Clock) {
    this.client = client;
    this.isCluster = isClusterClient(client);
    this.heartbeatMs = target.heartbeatMs;
    this.#target = target;
    this.#clock = clock;
    this.#watch = new StatusWatch(client, () => this.#prepare());
    // A primary may come back, or be succeeded, without the invalidations that it heard last (P5).
    this.#nodes = new NodeWatch(() => this.#watch.interrupted());
    catchDropped(client);
    this.#nodeAdded();
    this.#forget = [
      listenTo(client, '+node', () => this.#nodeAdded()),
      ...NODES_EVENTS.map((event) => listenTo(client, event, () => this.#tell('nodes'))),
      listenTo(client, 'ready', () => this.#tell('reached')),
    ];
    nextTick(() => this.#connect());
  }

  primaries(): RedisClient[] {
    return isClusterClient(this.client) ? this.client.nodes('master') : [this.client];
  }

  status(): StoreStatus {
    return this.#watch.status();
  }

  onStatus(listener: (status: StoreStatus) => void): () => void {
    return this.#watch.onStatus(listener);
  }

  onTopology(listener: (change: TopologyChange) => void): () => void {
    this.#topologyListeners.add(listener);
    return () => void this.#topologyListeners.delete(listener);
  }

  /** Once, however many writes were refused: each attempt to disconnect adds a listener to the socket. */
  demoted(write: () => Promise<unknown>): void {
    if (this.isCluster || this.#closing || this.#demoted) return;
    this.#demoted = { write };
    this.#watch.interrupted();
    // A name, a balancer or Sentinels may lead to the primary by now. A supplied client is not ours to disconnect.
    if (this.#target.kind !== 'client') this.client.disconnect(true);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /**
   * A lazy client that was supplied connects as well: without a queue it would refuse the command that makes it
   * connect.
   */
  #connect(): void {
    if (this.#closing || this.client.status !== 'wait') return;
    // The events report the same error, and an unhandled rejection ends the process.
    this.client.connect?.().catch(() => undefined);
  }

  /** @returns why a client that is ready must not be used */
  async #prepare(): Promise<string | undefined> {
    if (!isClusterClient(this.client)) return (await databaseProblem(this.client)) ?? this.#roleObstacle();
    await this.#within(PATIENCE_MS, connectPrimaries(this.client));
    if (this.#target.kind !== 'cluster') return undefined;
    const { maxConnections } = this.#target;
    const needed = this.client.nodes('master').length * CONNECTIONS_PER_PRIMARY;
    return needed > maxConnections ? `${needed} connections needed, maxConnections is ${maxConnections}` : undefined;
  }

  /**
   * A replica lags behind, so that reads of it may return what was invalidated already (P1), and a node of a Cluster
   * has a part of the keys only. A replica may be promoted at any time, which breaks no connection: so it is asked
   * again.
   */
  async #roleObstacle(): Promise<string | undefined> {
    if (isMock(this.client)) return undefined;
    this.#cancelRecheck();
    const info = await this.client.info('replication', 'cluster').catch(() => undefined);
    const obstacle = info === undefined ? await this.#roleByWriting() : obstacleIn(info);
    if (obstacle === undefined) this.#demoted = undefined;
    if (obstacle === 'READONLY' || obstacle === 'MASTERDOWN') {
      this.#cancelRecheck = this.#clock.after(RECHECK_MS, () => this.#watch.recheck(), { background: true });
    }
    return obstacle;
  }

  /** The server does not say what it is. One that refused a write is tried with another one; else the commands tell. */
  async #roleByWriting(): Promise<'READONLY' | undefined> {
    if (!this.#demoted) return undefined;
    try {
      await this.#demoted.write();
      return undefined;
    } catch (error) {
      return codeOf(error) === 'NOPERM' ? undefined : 'READONLY'; // without an answer it is asked again
    }
  }

  #nodeAdded(): void {
    if (!isClusterClient(this.client)) return;
    for (const node of this.client.nodes('all')) catchDropped(node);
    for (const primary of this.client.nodes('master')) this.#nodes.add(primary);
    // Before that, nodes are those that were named in the options, whatever they are.
    if (this.client.status === 'ready') void connectPrimaries(this.client);
  }

  #tell(change: TopologyChange): void {
    for (const listener of [...this.#topologyListeners]) listener(change);
  }

  async #close(): Promise<void> {
    const isOurs = this.#target.kind !== 'client';
    this.#watch.close({ forgetClient: !isOurs });
    for (const forget of this.#forget) forget();
    this.#nodes.close();
    this.#cancelRecheck();
    if (!isOurs) return;
    // QUIT is answered after all that was sent before; a frozen server answers nothing, so there is no waiting for
    // 'end'. Each primary by itself: `quit()` of a Cluster would first connect to all replicas, which were never used.
    const connected = this.primaries().filter(({ status }) => status === 'ready');
    await this.#within(PATIENCE_MS, Promise.all(connected.map((primary) => primary.quit())));
    if (this.client.status !== 'end') this.client.disconnect();
  }

  /** Resolves once `work` is settled, in whichever way, or the time is over. */
  #within(timeMs: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeMs, resolve);
      const settled = (): void => {
        cancel();
        resolve();
      };
      work.then(settled, settled);
    });
  }
}

/** A server that turned out to be a replica. */
interface Demoted {
  readonly write: () => Promise<unknown>;
}

/** ioredis stays in database 0 without a word where `SELECT` is refused: two databases would be mixed. */
async function databaseProblem(client: RedisClient): Promise<string | undefined> {
  const db = client.options?.db ?? 0;
  if (db === 0) return undefined;
  try {
    await client.select(db);
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'NO_DATABASE')
      return `${code}: the server has no database ${db}; see its directive databases, or use database 0`;
    return `${code}: database ${db} cannot be selected; allow the user SELECT and reconnect, or use database 0`;
  }
}
