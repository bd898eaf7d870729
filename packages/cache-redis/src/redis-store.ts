import {
  type Announcement,
  type AnnouncementOptions,
  type Channel,
  type Clock,
  type Lease,
  type LeaseOptions,
  type LeaseReply,
  type NewEntry,
  type Pattern,
  type Ranking,
  type RankingOptions,
  type ReadCall,
  type ReadReply,
  type Scope,
  type Store,
  type StoreKey,
  type StoreReport,
  type StoreStatus,
  type SweepOptions,
  systemClock,
  type Target,
  tagKey,
} from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import { RedisChannel } from './announcements.ts';
import { type Connection, openConnection } from './connection/connection.ts';
import type { RedisStoreOptions } from './connection/options.ts';
import { isMock } from './connection/supplied-client.ts';
import { expireKey, invalidateKey } from './protocol/drop-scripts.ts';
import { encodeEntry, TIME_PLACE } from './protocol/entry-format.ts';
import { FILL } from './protocol/fill-script.ts';
import { InvalidationLog } from './protocol/invalidation-log.ts';
import { leaseKey } from './protocol/keyspace.ts';
import { LeaseDesk, type RedisLease } from './protocol/leases.ts';
import { unlinkMany } from './protocol/many.ts';
import { NonceKeeper, type Nonces } from './protocol/nonces.ts';
import { EntryReader } from './protocol/reading.ts';
import { ServerClock } from './protocol/server-clock.ts';
import { sweep } from './protocol/sweep.ts';
import { newToken } from './protocol/token.ts';
import { RedisRanking } from './ranking.ts';
import { redacted } from './redaction.ts';
import { Refusals } from './refusals.ts';
import { Reporter } from './report.ts';

/**
 * Entries in a shared Redis (≥ 7.0) or Valkey: standalone, behind Sentinels, or a Cluster. Connects in the background:
 * the constructor does no I/O, and a cache works without the store until it is `ready()`.
 * @throws CacheConfigError for options that cannot work.
 * @example createCache({ types, store: redisStore({ url: process.env.REDIS_URL }) })
 */
export function redisStore(options: RedisStoreOptions): Store {
  return new RedisStore(openConnection(options), systemClock);
}

/** The meanings of the Store contract as steps of the witness lease protocol; `docs/protocol.md` has the whole. */
class RedisStore implements Store {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #serverClock: ServerClock;
  readonly #nonces: NonceKeeper;
  readonly #leases: LeaseDesk;
  readonly #reader: EntryReader;
  readonly #reporter: Reporter;
  readonly #refusals: Refusals;
  readonly #rankings = new LRUCache<string, Ranking>({ max: 100 });
  readonly #channels = new Set<Channel>();
  #lastLeased: StoreKey | undefined;
  /** Absent on ioredis-mock, which knows no tracking. */
  readonly announcements?: NonNullable<Store['announcements']>;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#serverClock = new ServerClock(connection.client, clock, connection);
    this.#nonces = new NonceKeeper(connection, clock);
    this.#leases = new LeaseDesk(connection, this.#nonces, clock);
    this.#reporter = new Reporter(connection, clock);
    const refusals = new Refusals(clock, () => connection.demoted(() => this.#writeNothing()));
    this.#refusals = refusals;
    this.#reader = new EntryReader(connection, this.#serverClock, (error) => refusals.note('mget', error));
    connection.onStatus((status) => {
      if (status.state !== 'ready') return this.#serverClock.stop();
      void this.#serverClock.start();
      this.#leases.releaseOrphans();
    });
    if (!isMock(connection.client)) this.announcements = this.#announce.bind(this);
  }

  status(): StoreStatus {
    return this.#connection.status();
  }

  onStatus(listener: (status: StoreStatus) => void): () => void {
    return this.#connection.onStatus(listener);
  }

  async ping(): Promise<void> {
    await redacted(this.#connection.client.ping());
  }

  read(keys: readonly StoreKey[], call?: ReadCall): Promise<readonly ReadReply[]> {
    return this.#refusals.redactedReplies(this.#reader.read(keys, call));
  }

  lease(key: StoreKey, options: LeaseOptions): Promise<LeaseReply> {
    this.#lastLeased = key;
    return this.#refusals.redacted('lease', this.#leases.take(key, options, this.#reader.typeNonce(key)));
  }

  renew(lease: Lease, ttlMs: number): Promise<boolean> {
    return this.#refusals.redacted('renew', this.#leases.renew(lease as RedisLease, Math.ceil(ttlMs)));
  }

  fill(lease: Lease, entry: NewEntry): Promise<'stored' | 'refused'> {
    return this.#refusals.redacted('fill', this.#fill(lease as RedisLease, entry));
  }

  release(lease: Lease, options: { backoffMs?: number } = {}): Promise<void> {
    return this.#refusals.redacted(
      'release',
      this.#leases.release(lease as RedisLease, Math.ceil(options.backoffMs ?? 0)),
    );
  }

  expire(keys: readonly StoreKey[]): Promise<void> {
    return this.#refusals.redacted('expire', this.#expire(keys));
  }

  invalidate(targets: readonly Target[]): Promise<{ removed: number }> {
    return this.#refusals.redacted('invalidate', this.#invalidate(targets));
  }

  sweep(pattern: Pattern, options: SweepOptions): Promise<number> {
    const { namespace, type } = pattern.scope;
    const dropType = () => this.#invalidateTags([{ namespace, tag: type }]);
    const sweeping = sweep({ connection: this.#connection, clock: this.#clock, pattern, options, dropType });
    return this.#refusals.redacted('sweep', sweeping, options.signal);
  }

  ranking(key: string, options: RankingOptions): Ranking {
    const ranking = this.#rankings.get(key) ?? new RedisRanking(this.#connection, key, options);
    this.#rankings.set(key, ranking);
    return ranking;
  }

  async report(): Promise<StoreReport> {
    const report = await redacted(this.#reporter.report());
    return { ...report, refused: this.#refusals.codes() };
  }

  async close(): Promise<void> {
    this.#serverClock.stop();
    this.#leases.close();
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    this.#reader.forget();
    return this.#connection.close();
  }

  #announce(
    scopes: readonly Scope[],
    listener: (announcement: Announcement) => void,
    { below }: AnnouncementOptions = {},
  ): Channel {
    const outside = { clock: this.#clock, random: Math.random, below };
    const channel = new RedisChannel(this.#connection, scopes, listener, outside);
    this.#channels.add(channel);
    channel.onClose = () => this.#channels.delete(channel); // else a cache that is closed is kept, with its copies
    return channel;
  }

  /** The checks, then compare-and-store: two round trips. */
  async #fill(lease: RedisLease, entry: NewEntry): Promise<'stored' | 'refused'> {
    const { key, text } = lease;
    const nonces = await this.#provenNonces(lease, entry);
    if (!nonces) {
      await this.#leases.release(lease, 0); // no reader should wait for it
      return 'refused';
    }
    const value = encodeEntry(entry, this.#serverClock.now(), nonces);
    const args = [text, value, Math.ceil(entry.expiresInMs), TIME_PLACE];
    const stored = await FILL.run(this.#connection.client, [key.text, leaseKey(key)], args);
    return stored === 1 ? 'stored' : 'refused';
  }

  async #expire(keys: readonly StoreKey[]): Promise<void> {
    const { client } = this.#connection;
    await Promise.all(keys.map((key) => expireKey(client, key)));
  }

  async #invalidate(targets: readonly Target[]): Promise<{ removed: number }> {
    const keys = targets.flatMap((target) => (target.kind === 'key' ? [target.key] : []));
    const tags = targets.flatMap((target) => (target.kind === 'tag' ? [target] : []));
    const [removed] = await Promise.all([this.#invalidateKeys(keys), this.#invalidateTags(tags)]);
    return { removed };
  }

  /**
   * The nonces of all tags of a loaded value, or `undefined` if one of them was invalidated since its lease was taken
   * (P1).
   *
   * Tags known before the load: their nonces must be unchanged. Late tags: their nonces are sampled, and *then* the log
   * must not name them. In the other order an invalidation between the two would be seen by neither.
   */
  async #provenNonces({ key, nonces, mark }: RedisLease, entry: NewEntry): Promise<Nonces | undefined> {
    const { scope } = key;
    const late = entry.tags.filter((tag) => !nonces.has(tag));
    const sampling = this.#nonces.sampleLate(scope, late, entry.expiresInMs);
    if (late.length > 0 && this.#connection.isCluster) await sampling; // one connection keeps the order; several nodes do not
    const log = new InvalidationLog(this.#connection.client, scope.namespace);
    const [sampled, isUnchanged, invalidated] = await Promise.all([
      sampling,
      this.#nonces.areUnchanged(nonces),
      late.length > 0 ? log.since(mark) : new Set<string>(),
      this.#nonces.outlive(scope, nonces, entry.expiresInMs),
    ]);
    if (!isUnchanged || !invalidated || late.some((tag) => invalidated.has(tag))) return undefined;
    return new Map([...nonces, ...sampled]);
  }

  async #invalidateKeys(keys: readonly StoreKey[]): Promise<number> {
    const { client } = this.#connection;
    const replies = await Promise.all(keys.map((key) => invalidateKey(client, key)));
    return replies.reduce((total, removed) => total + removed, 0);
  }

  /**
   * The log first, then, once that is answered, the nonces: a load that samples the new nonce must find the entry in
   * the log (P1).
   */
  async #invalidateTags(tags: readonly { namespace: string | undefined; tag: string }[]): Promise<void> {
    if (tags.length === 0) return;
    const byNamespace = new Map<string | undefined, string[]>();
    for (const { namespace, tag } of tags) byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), tag]);
    const { client } = this.#connection;
    await Promise.all(
      [...byNamespace].map(([namespace, names]) => new InvalidationLog(client, namespace).append(names)),
    );
    await unlinkMany(
      this.#connection,
      tags.map(({ namespace, tag }) => tagKey(namespace, tag)),
    );
  }

  /** Of a key that this user may write and that no program uses. */
  async #writeNothing(): Promise<void> {
    if (this.#lastLeased) await this.#connection.client.unlink(leaseKey({ ...this.#lastLeased, text: newToken() }));
  }
}
