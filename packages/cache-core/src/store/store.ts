import type { Pattern } from '../keys/pattern.ts';
import type { Scope } from '../keys/scope.ts';
import type { Announcement, AnnouncementOptions, Channel } from './announcements.ts';
import type { Ranking, RankingOptions } from './ranking.ts';

/**
 * Where entries live. The engine speaks in meanings: read, lease, fill, invalidate; how a store keeps the promises
 * behind them is its own affair. `describeStore` in `@huntly/cache-core/testing` is this contract as tests.
 *
 * The promise that all of it serves (P1): a fill is refused if its key, its type or any of its tags was invalidated
 * since its lease was granted, and a value with a tag that was invalidated since is never returned.
 *
 * Durations, never dates, cross this line. Every method may reject; the engine then does without the store.
 */
export interface Store {
  status(): StoreStatus;
  /** Calls `listener` at each change; the returned function ends that. */
  onStatus(listener: (status: StoreStatus) => void): () => void;
  /** One round trip that proves that the store answers. */
  ping(call?: Call): Promise<void>;
  /**
   * One reply a key, in order. Each is as new as the moment of the call, or newer. A key that has no answer, because
   * its part of the store is gone or it may not be read, is `unavailable` by itself. Rejects only if no key has an
   * answer.
   */
  read(keys: readonly StoreKey[], call?: ReadCall): Promise<readonly ReadReply[]>;
  /** Asks for the right to fill. Two leases never share a token. */
  lease(key: StoreKey, options: LeaseOptions, call?: Call): Promise<LeaseReply>;
  /** Prolongs a lease. `false`: it is lost, and its fill will be refused. */
  renew(lease: Lease, ttlMs: number, call?: Call): Promise<boolean>;
  /** Stores a loaded value and ends the lease, or refuses. May be repeated. */
  fill(lease: Lease, entry: NewEntry, call?: Call): Promise<FillReply>;
  /** Gives the right back; with `backoffMs` no lease is granted for that long. May be repeated. */
  release(lease: Lease, options?: { backoffMs?: number }, call?: Call): Promise<void>;
  /** Makes values stale on purpose, and refuses loads of them that run. What has no grace left is a miss then. */
  expire(keys: readonly StoreKey[], call?: Call): Promise<void>;
  /** May be repeated. `removed` counts the values of the `key` targets; those of tags are not looked for. */
  invalidate(targets: readonly Target[], call?: Call): Promise<{ removed: number }>;
  /** Removes the keys of a pattern, one by one, and returns how many. */
  sweep(pattern: Pattern, options: SweepOptions): Promise<number>;
  /** A ranking kept under `key`. A store without rankings leaves this out. */
  ranking?(key: string, options: RankingOptions): Ranking;
  /**
   * Announces each change of these scopes, and of their tags. A store that cannot leaves this out.
   * @throws CacheConfigError for no scopes
   */
  announcements?(
    scopes: readonly Scope[],
    listener: (announcement: Announcement) => void,
    options?: AnnouncementOptions,
  ): Channel;
  report(call?: Call): Promise<StoreReport>;
  /** Ends connections and timers. May be called twice. */
  close(): Promise<void>;
}

/** What the caller gives a call. Only the guard reads it: a store takes the time that it takes. */
export interface Call {
  /** Store time that the caller has left for it. */
  readonly budgetMs: number;
}

/** What the caller of a read gives it. A store of one part, whose answers all come at once, need not look at it. */
export interface ReadCall extends Call {
  /**
   * Hears a reply as soon as it is there, by the index of its key: what is slow must not hold up the others. May be
   * left unused.
   */
  readonly onReply?: ((index: number, reply: ReadReply) => void) | undefined;
  /** Is told while this read waits its turn behind others that are being answered: the store is busy, not silent. */
  readonly onProgress?: (() => void) | undefined;
  /** Whether the caller has given up: what was not sent yet need not be. */
  readonly isOver?: (() => boolean) | undefined;
}

export type FillReply = 'stored' | 'refused';

export type StoreStatus = { state: 'ready' } | { state: 'connecting' } | { state: 'down'; reason: string };

export interface StoreKey {
  /** The whole key as built by `buildKey`. */
  readonly text: string;
  readonly scope: Scope;
  /** A value that another program wrote under this key may be read. @default false */
  readonly acceptsForeign?: boolean;
}

/** Tells one stored value from every other value that its key ever had. */
export type EntryId = string;

export interface NewEntry {
  readonly bytes: Uint8Array;
  readonly freshForMs: number;
  readonly expiresInMs: number;
  /** How long its load took. */
  readonly loadMs: number;
  /** All tags but that of the type, which every value carries. */
  readonly tags: readonly string[];
}

export interface Entry extends NewEntry {
  readonly id: EntryId;
  /** Since it was stored. With `freshForMs` it tells how long it was to be fresh. */
  readonly ageMs: number;
}

export type ReadReply =
  | { readonly kind: 'hit'; readonly entry: Entry }
  /** There is a value, but it must not be used. */
  | { readonly kind: 'rejected'; readonly id: EntryId; readonly reason: 'invalidated' | 'unreadable' }
  | { readonly kind: 'absent' }
  /** No answer for this key. It may have a value. */
  | { readonly kind: 'unavailable'; readonly error: Error };

export interface LeaseOptions {
  readonly ttlMs: number;
  /** Tags that are known before the load. */
  readonly tags: readonly string[];
  /** A value that the caller read and cannot use: it does not count as filled. */
  readonly rejected?: EntryId | undefined;
  /**
   * Granted whatever is there; who held the lease before is refused. How a value is stored that was not loaded: the
   * last one wins, and a late one is refused like a late fill.
   */
  readonly byForce?: boolean | undefined;
  /**
   * The caller asked before, was told `busy`, and asks again while it waits: the answer is mostly `busy`, so a store
   * does the work that only a granted lease needs once it is granted. @default false
   */
  readonly again?: boolean | undefined;
}

/** The right to fill. Stores add what they need; only the store that granted it reads that. */
export interface Lease {
  readonly key: StoreKey;
}

export type LeaseReply =
  | { readonly kind: 'granted'; readonly lease: Lease }
  /**
   * Another caller loads, or a load just failed (`isPause`): then no caller loads. `retryMs` is the longest that this
   * can last without a renewal.
   */
  | { readonly kind: 'busy'; readonly retryMs: number; readonly isPause?: boolean | undefined }
  /** There is a value by now. */
  | { readonly kind: 'filled' };

/** A whole type is the tag of its own name. */
export type Target = { readonly kind: 'key'; readonly key: StoreKey } | TagTarget;

export interface TagTarget {
  readonly kind: 'tag';
  readonly namespace: string | undefined;
  readonly tag: string;
}

export interface SweepOptions {
  /** Keys removed at a time. */
  readonly batchSize: number;
  /** Count only. @default false */
  readonly dryRun?: boolean;
  /** Called after each batch with the running total. */
  readonly onProgress?: (removed: number) => void;
  /**
   * Allows a store that cannot look at all keys, because they move between servers, to drop the whole type by its tag
   * instead; it is then called with the reason. Without it the sweep rejects. A type that accepts values of other
   * programs must not allow that: they carry no tag.
   */
  readonly onWidened?: (reason: string) => void;
  /** Ends the sweep early; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * What a store tells of itself. What is left out or `undefined` is unknown: not every store has it, and servers may
 * refuse to tell.
 */
export interface StoreReport {
  /** `memory`, `redis`, … */
  readonly kind: string;
  readonly entries?: number | undefined;
  readonly bytes?: number | undefined;
  readonly server?: ServerReport | undefined;
  readonly memory?: MemoryReport | undefined;
  readonly clients?: ClientsReport | undefined;
  readonly replication?: ReplicationReport | undefined;
  /** Keys that the server dropped to make room, a second, over the last `windowSeconds`. */
  readonly evictedPerSecond?: number | undefined;
  /**
   * The share of all reads of keys in the server, those of its other users too, that found one, over the last
   * `windowSeconds`.
   */
  readonly hitRatio?: number | undefined;
  /** Since which earlier report `evictedPerSecond` and `hitRatio` were counted. */
  readonly windowSeconds?: number | undefined;
  /**
   * Why the server refused calls in the last minute, as far as no later call of the kind succeeded: `OOM`, `NOPERM`, …
   */
  readonly refused?: readonly string[] | undefined;
}

/** For several servers: the oldest version, the shortest uptime. */
export interface ServerReport {
  readonly version: string | undefined;
  readonly role: 'primary' | 'replica' | undefined;
  readonly uptimeSeconds: number | undefined;
  /** Primaries that answered, and primaries that there are: 1 and 1 but for a Cluster. */
  readonly primaries: { readonly answering: number; readonly total: number };
}

/** For several servers: sums, and the worst of what cannot be added. */
export interface MemoryReport {
  readonly usedBytes: number | undefined;
  /** `null`: without limit. */
  readonly maxBytes: number | null | undefined;
  /** `usedBytes` of `maxBytes`, of the server that is fullest. */
  readonly usedRatio: number | undefined;
  readonly policy: string | undefined;
  /** Memory taken from the system for each byte used. Unknown below 100 MB, where it says nothing. */
  readonly fragmentation: number | undefined;
}

/** For several servers: the one nearest to its limit. */
export interface ClientsReport {
  readonly connected: number | undefined;
  readonly max: number | undefined;
}

export interface ReplicationReport {
  /** Connected to the primaries, together. */
  readonly replicas: number | undefined;
  /** Are all replicas in step? Of a replica: is its link to the primary up? Unknown where there is no replica. */
  readonly isLinkUp: boolean | undefined;
  /** Lag of the replica that is furthest behind. */
  readonly lagSeconds: number | undefined;
}
