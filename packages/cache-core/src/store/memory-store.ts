import { LRUCache } from 'lru-cache';
import { type Clock, systemClock } from '../clock.ts';
import { CacheConfigError, kindOf, StoreUnavailableError } from '../errors.ts';
import type { Pattern } from '../keys/pattern.ts';
import type { Scope } from '../keys/scope.ts';
import { didYouMean } from '../option-names.ts';
import type { Announcement, AnnouncementOptions, Channel } from './announcements.ts';
import { InvalidationTimes } from './invalidation-times.ts';
import { MemoryAnnouncements } from './memory-announcements.ts';
import { MemoryRanking } from './memory-ranking.ts';
import type { Ranking, RankingOptions } from './ranking.ts';
import type {
  Entry,
  EntryId,
  FillReply,
  Lease,
  LeaseOptions,
  LeaseReply,
  NewEntry,
  ReadReply,
  Store,
  StoreKey,
  StoreReport,
  StoreStatus,
  SweepOptions,
  Target,
} from './store.ts';

export interface MemoryStoreOptions {
  /** @default 10_000 */
  maxEntries?: number;
  /** Bytes of keys and values together. @default 64 MiB */
  maxBytes?: number;
  /** For tests. @default systemClock */
  clock?: Clock;
}

const OPTION_NAMES: ReadonlySet<string> = new Set([
  'maxEntries',
  'maxBytes',
  'clock',
] satisfies (keyof MemoryStoreOptions)[]);

/** What an entry costs besides its key and its bytes, roughly. */
const ENTRY_OVERHEAD_BYTES = 200;
/** What a tag costs besides its characters, roughly. */
const TAG_OVERHEAD_BYTES = 24;
/** Of leases: the characters of their keys and tags, and what each costs besides, roughly. */
const MAX_LEASE_CHARACTERS = 4_000_000;
const LEASE_OVERHEAD = 200;

interface StoredEntry extends NewEntry {
  readonly id: EntryId;
  readonly scope: StoreKey['scope'];
  /** The invalidation time when its load began: any later invalidation of a tag of it ends it. */
  readonly loadedSince: number;
  readonly storedAt: number;
}

interface MemoryLease extends Lease {
  readonly token: symbol;
  readonly since: number;
  readonly tags: readonly string[];
  /** A load failed: until it expires no caller gets the lease. */
  readonly isPause: boolean;
  expiresAt: number;
}

/**
 * The store in the memory of this process: the whole contract, bounded by entries and bytes.
 *
 * Every method takes effect in the turn in which it is called. In one process a counter that never restarts is a sound
 * fence, so leases and entries note the time of the last invalidation (`InvalidationTimes`) instead of random nonces.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const unknown = Object.keys(options).filter((name) => !OPTION_NAMES.has(name));
  const numbers = (['maxEntries', 'maxBytes'] as const)
    .filter(
      (name) => options[name] !== undefined && !(Number.isSafeInteger(options[name]) && Number(options[name]) > 0),
    )
    .map((name) => `memoryStore.${name} must be a whole number above 0; got ${kindOf(options[name])}`);
  const problems = [
    ...unknown.map((name) => {
      const meant = didYouMean([name], [...OPTION_NAMES]);
      return `memoryStore.${name} is no option of it; they are maxEntries, maxBytes and clock${meant}`;
    }),
    ...numbers,
  ];
  if (problems.length > 0) throw new CacheConfigError(problems);
  return new MemoryStore(options);
}

function sizeOf(entry: StoredEntry, key: string): number {
  const textBytes = entry.tags.reduce((total, tag) => total + tag.length * 2 + TAG_OVERHEAD_BYTES, key.length * 2);
  return entry.bytes.byteLength + textBytes + ENTRY_OVERHEAD_BYTES;
}

function charactersOf(lease: MemoryLease, key: string): number {
  return lease.tags.reduce((total, tag) => total + tag.length, key.length + LEASE_OVERHEAD);
}

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, StoredEntry>;
  /** Losing a lease only means that its fill is refused. */
  readonly #leases = new LRUCache<string, MemoryLease>({
    maxSize: MAX_LEASE_CHARACTERS,
    sizeCalculation: charactersOf,
  });
  readonly #invalidations = new InvalidationTimes();
  readonly #announcements = new MemoryAnnouncements();
  /** One a namespace: the oldest goes (P7). */
  readonly #rankings = new LRUCache<string, Ranking>({ max: 100 });
  #lastId = 0;
  #status: StoreStatus = { state: 'ready' };
  readonly #listeners = new Set<(status: StoreStatus) => void>();

  constructor(options: MemoryStoreOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#entries = new LRUCache({
      max: options.maxEntries ?? 10_000,
      maxSize: options.maxBytes ?? 64 * 1024 * 1024,
      sizeCalculation: sizeOf,
      disposeAfter: (_entry, key, reason) => {
        if (reason !== 'set') this.#announcements.key(key); // also what is evicted or expired; a new value is announced by #put
      },
    });
  }

  status(): StoreStatus {
    return this.#status;
  }

  onStatus(listener: (status: StoreStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async ping(): Promise<void> {
    this.#checkOpen();
  }

  async read(keys: readonly StoreKey[]): Promise<readonly ReadReply[]> {
    this.#checkOpen();
    return keys.map((key): ReadReply => {
      const entry = this.#find(key.text);
      return entry ? { kind: 'hit', entry } : { kind: 'absent' };
    });
  }

  async lease(key: StoreKey, options: LeaseOptions): Promise<LeaseReply> {
    this.#checkOpen();
    const now = this.#clock.now();
    if (!options.byForce) {
      const entry = this.#find(key.text);
      if (entry && entry.id !== options.rejected) return { kind: 'filled' };
      const held = this.#leases.get(key.text);
      // A lease whose tags were invalidated since is doomed: its fill will be refused, so no reader should wait for it.
      if (held && held.expiresAt > now && this.#isCurrent(key, held.tags, held.since)) {
        return { kind: 'busy', retryMs: held.expiresAt - now, isPause: held.isPause };
      }
    }
    const lease: MemoryLease = {
      key,
      token: Symbol('lease'),
      since: this.#invalidations.latest,
      tags: options.tags,
      isPause: false,
      expiresAt: now + options.ttlMs,
    };
    this.#leases.set(key.text, lease);
    return { kind: 'granted', lease };
  }

  async renew(lease: Lease, ttlMs: number): Promise<boolean> {
    this.#checkOpen();
    const held = this.#held(lease);
    if (held) held.expiresAt = this.#clock.now() + ttlMs;
    return held !== undefined;
  }

  async fill(lease: Lease, entry: NewEntry): Promise<FillReply> {
    this.#checkOpen();
    const held = this.#held(lease);
    if (!held) return 'refused'; // P1: the key was invalidated or stored by force, or the lease ran out
    this.#leases.delete(lease.key.text);
    if (!this.#isCurrent(lease.key, [...held.tags, ...entry.tags], held.since)) return 'refused'; // P1: its type or a tag was
    this.#put(lease.key, entry, held.since);
    return 'stored';
  }

  async release(lease: Lease, options: { backoffMs?: number } = {}): Promise<void> {
    this.#checkOpen();
    const held = this.#held(lease);
    if (!held) return;
    const backoffMs = options.backoffMs ?? 0;
    if (backoffMs === 0) return void this.#leases.delete(lease.key.text);
    const expiresAt = this.#clock.now() + backoffMs;
    this.#leases.set(lease.key.text, { ...held, token: Symbol('pause'), isPause: true, expiresAt });
  }

  async expire(keys: readonly StoreKey[]): Promise<void> {
    this.#checkOpen();
    for (const { text } of keys) {
      this.#leases.delete(text);
      const stored = this.#entries.get(text);
      if (!stored) continue;
      this.#entries.set(text, { ...stored, freshForMs: 0 });
      this.#announcements.key(text);
    }
  }

  async invalidate(targets: readonly Target[]): Promise<{ removed: number }> {
    this.#checkOpen();
    let removed = 0;
    for (const target of targets) {
      if (target.kind === 'tag') {
        this.#invalidations.add(target.namespace, target.tag);
        this.#announcements.tag(target.namespace, target.tag);
      } else if (this.#remove(target.key.text)) removed++;
    }
    return { removed };
  }

  async sweep(pattern: Pattern, options: SweepOptions): Promise<number> {
    this.#checkOpen();
    const now = this.#clock.now();
    const removable = [...this.#entries.entries()]
      .filter(([key, { storedAt, expiresInMs }]) => pattern.matches(key) && now - storedAt < expiresInMs)
      .map(([key]) => key);
    if (options.dryRun) return removable.length;
    for (const key of [...this.#leases.keys()]) if (pattern.matches(key)) this.#leases.delete(key); // P1: no load that runs may fill
    for (let done = 0; done < removable.length; done += options.batchSize) {
      options.signal?.throwIfAborted();
      const batch = removable.slice(done, done + options.batchSize);
      for (const key of batch) this.#remove(key);
      options.onProgress?.(done + batch.length);
    }
    return removable.length;
  }

  announcements(
    scopes: readonly Scope[],
    listener: (announcement: Announcement) => void,
    options: AnnouncementOptions = {},
  ): Channel {
    this.#checkOpen();
    return this.#announcements.open(scopes, listener, options);
  }

  ranking(key: string, options: RankingOptions): Ranking {
    const ranking = this.#rankings.get(key) ?? new MemoryRanking(options);
    this.#rankings.set(key, ranking);
    return ranking;
  }

  async report(): Promise<StoreReport> {
    return { kind: 'memory', entries: this.#entries.size, bytes: this.#entries.calculatedSize };
  }

  async close(): Promise<void> {
    if (this.#status.state === 'down') return;
    this.#status = { state: 'down', reason: 'closed' };
    this.#announcements.close();
    this.#entries.clear();
    this.#leases.clear();
    this.#rankings.clear();
    this.#invalidations.forget();
    for (const listener of this.#listeners) listener(this.#status);
  }

  /** The valid entry of a key, with its remaining durations. Drops what is expired or invalidated on the way. */
  #find(key: string): Entry | undefined {
    const stored = this.#entries.get(key);
    if (!stored) return undefined;
    const ageMs = this.#clock.now() - stored.storedAt;
    if (
      ageMs >= stored.expiresInMs ||
      !this.#isCurrent({ text: key, scope: stored.scope }, stored.tags, stored.loadedSince)
    ) {
      this.#entries.delete(key);
      return undefined;
    }
    const { id, bytes, loadMs, tags, freshForMs, expiresInMs } = stored;
    return {
      id,
      bytes,
      loadMs,
      tags,
      ageMs,
      freshForMs: Math.max(0, freshForMs - ageMs),
      expiresInMs: expiresInMs - ageMs,
    };
  }

  #put(key: StoreKey, entry: NewEntry, loadedSince: number): void {
    const id = String(++this.#lastId);
    const { bytes, freshForMs, expiresInMs, loadMs, tags } = entry;
    // Each field by its name: after a spread every entry would have a hidden class of its own in V8.
    const storedAt = this.#clock.now();
    const { scope } = key;
    this.#entries.set(key.text, { id, bytes, freshForMs, expiresInMs, loadMs, tags, scope, loadedSince, storedAt });
    this.#announcements.key(key.text);
  }

  /** Takes value and lease: a load that runs must not fill (P1). */
  #remove(key: string): boolean {
    const wasThere = this.#find(key) !== undefined;
    this.#leases.delete(key);
    this.#entries.delete(key);
    return wasThere;
  }

  #held(lease: Lease): MemoryLease | undefined {
    const held = this.#leases.get(lease.key.text);
    const isMine = held !== undefined && held.token === (lease as MemoryLease).token;
    return isMine && held.expiresAt > this.#clock.now() ? held : undefined;
  }

  #isCurrent(key: StoreKey, tags: readonly string[], since: number): boolean {
    return this.#invalidations.isNoneAfter(since, key.scope, tags);
  }

  #checkOpen(): void {
    if (this.#status.state === 'down') throw new StoreUnavailableError('The in-process store is closed.');
  }
}
