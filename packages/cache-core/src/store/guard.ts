import type { Clock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Pattern } from '../keys/pattern.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { Calls, type RunningCall } from './calls.ts';
import { Journal } from './journal.ts';
import type { Ranking, RankingOptions } from './ranking.ts';
import { Recovery } from './recovery.ts';
import type {
  Call,
  FillReply,
  Lease,
  LeaseOptions,
  LeaseReply,
  NewEntry,
  ReadCall,
  ReadReply,
  Store,
  StoreKey,
  StoreReport,
  StoreStatus,
  SweepOptions,
  Target,
} from './store.ts';

/** Limits of the store, resolved; `GUARD` in `engine/cache-options.ts` has the defaults. */
export interface GuardSettings {
  /** Store time of one request; and of one call that names none. */
  readonly budgetMs: number;
  /** How long an invalidation may take: its caller cannot go on without the answer. */
  readonly invalidationMs: number;
  /** Calls that wait for an answer, beyond which the store is asked for no further read, lease, fill or ranking. */
  readonly maxInFlight: number;
  readonly deadlinesToOpen: number;
  readonly probeMs: number;
  readonly journalCapacity: number;
  readonly replayMs: number;
}

export interface GuardParts {
  readonly settings: GuardSettings;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** The names of all types that the caches on this store have. */
  readonly typeNames: ReadonlySet<string>;
  readonly onBreaker: (state: BreakerState) => void;
}

export interface GuardState {
  readonly breaker: BreakerState;
  /** Invalidations that wait to be applied. */
  readonly journal: number;
  readonly inFlight: number;
}

/** The time that a fill has for each of its tags, besides its budget. */
const FILL_MS_PER_TAG = 0.5;

/**
 * A store around a store that may be slow, frozen or gone (P4). Each call has a deadline; deadlines in a row, or a lost
 * connection, open the breaker: then no call is sent, and no reader waits, until a probe was answered *and* the
 * invalidations that the store may not have were sent again (P1, P5). Until one could be applied, the values that it
 * concerns are not trusted.
 *
 * A call that was given up may still take effect. That is why the store refuses a fill whose lease is gone.
 */
export class Guard implements Store {
  readonly #store: Store;
  readonly #parts: GuardParts;
  readonly #breaker: Breaker;
  readonly #journal: Journal;
  readonly #calls: Calls;
  readonly #recovery: Recovery;
  readonly #listeners = new Set<(status: StoreStatus) => void>();
  readonly #stopListening: () => void;
  readonly ranking?: (key: string, options: RankingOptions) => Ranking;
  /** Not guarded: a channel has a heartbeat of its own, and no request waits for it. */
  readonly announcements?: NonNullable<Store['announcements']>;

  constructor(store: Store, parts: GuardParts) {
    this.#store = store;
    this.#parts = parts;
    const { settings, clock, random, typeNames } = parts;
    const { journalCapacity: capacity, replayMs, deadlinesToOpen } = settings;
    this.#journal = new Journal({ capacity, replayMs, typeNames, now: () => clock.now() });
    const status = store.status();
    const initial: BreakerState =
      status.state === 'ready' ? { state: 'closed', deadlines: 0 } : { state: 'open', reason: reasonOf(status) };
    const breaker = new Breaker(initial, { deadlinesToOpen, onChange: (state) => this.#changed(state) });
    const calls = new Calls({ clock, onAnswer: () => breaker.answered(), onDeadline: () => breaker.deadline() });
    this.#breaker = breaker;
    this.#calls = calls;
    this.#recovery = new Recovery({ store, breaker, journal: this.#journal, calls, settings, clock, random });
    this.#stopListening = store.onStatus((now) => this.#statusChanged(now));
    const ranking = store.ranking?.bind(store);
    if (ranking) this.ranking = (key, options) => this.#guarded(ranking(key, options));
    if (store.announcements) this.announcements = store.announcements.bind(store);
  }

  state(): GuardState {
    return { breaker: this.#breaker.state, journal: this.#journal.size, inFlight: this.#calls.size };
  }

  /** Ready means that the store is asked. */
  status(): StoreStatus {
    const status = this.#store.status();
    const { state } = this.#breaker;
    return status.state === 'ready' && state.state === 'open' ? { state: 'down', reason: state.reason } : status;
  }

  onStatus(listener: (status: StoreStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  ping(call?: Call): Promise<void> {
    return this.#run(call, () => this.#store.ping());
  }

  async read(keys: readonly StoreKey[], call?: ReadCall): Promise<readonly ReadReply[]> {
    // A reply may be older than a replay that was answered before it: what waited when the read was sent stays
    // untrusted.
    const since = this.#journal.size > 0 ? this.#parts.clock.now() : Number.POSITIVE_INFINITY;
    const budgetMs = call?.budgetMs ?? this.#parts.settings.budgetMs;
    const replies = await this.#run(call, (running) => {
      const onReply = (index: number, reply: ReadReply) => {
        if (running.isOver()) return;
        if (reply.kind !== 'unavailable') running.answeredInPart();
        call?.onReply?.(index, this.#trusted(keys[index], reply, since));
      };
      const { isOver, answeredInPart: onProgress } = running;
      return this.#store.read(keys, { budgetMs, onReply, onProgress, isOver });
    });
    if (this.#journal.size === 0 && since === Number.POSITIVE_INFINITY) return replies;
    return replies.map((reply, index) => this.#trusted(keys[index], reply, since));
  }

  /** A lease that comes too late is given back: else all readers would wait for a load that does not run. */
  lease(key: StoreKey, options: LeaseOptions, call?: Call): Promise<LeaseReply> {
    const tooLate = (late: LeaseReply) => {
      if (late.kind === 'granted') this.#recovery.giveBack(late.lease);
    };
    return this.#run(call, () => this.#store.lease(key, options), tooLate);
  }

  renew(lease: Lease, ttlMs: number, call?: Call): Promise<boolean> {
    return this.#runBeyondCap(call, () => this.#store.renew(lease, ttlMs));
  }

  /** A load may have begun before an invalidation that the store has not heard of yet. */
  async fill(lease: Lease, entry: NewEntry, call?: Call): Promise<FillReply> {
    if (!this.#journal.covers(lease.key, entry)) {
      return this.#run(this.#callFor(entry, call), () => this.#store.fill(lease, entry));
    }
    await this.release(lease, {}, call);
    return 'refused';
  }

  /** Without an answer it is tried once more when the store is back: no reader should wait for a load that is over. */
  async release(lease: Lease, options?: { backoffMs?: number }, call?: Call): Promise<void> {
    try {
      await this.#runBeyondCap(call, () => this.#store.release(lease, options));
    } catch (error) {
      this.#recovery.orphan(lease);
      throw error;
    }
  }

  expire(keys: readonly StoreKey[], call?: Call): Promise<void> {
    return this.#runBeyondCap(call, () => this.#store.expire(keys));
  }

  /** Rejected, it is in the journal, and will be applied before its values are trusted again. */
  async invalidate(targets: readonly Target[], call?: Call): Promise<{ removed: number }> {
    const { invalidationMs } = this.#parts.settings;
    try {
      const applied = await this.#runBeyondCap(call ?? { budgetMs: invalidationMs }, () =>
        this.#store.invalidate(targets),
      );
      this.#journal.remember(targets);
      return applied;
    } catch (error) {
      this.#journal.add(targets);
      this.#recovery.probeLater();
      throw error;
    }
  }

  /** Takes as long as it takes. What a failover loses of it is made up for by its type. */
  async sweep(pattern: Pattern, options: SweepOptions): Promise<number> {
    this.#checkClosed();
    const removed = await this.#store.sweep(pattern, options);
    const { namespace, type } = pattern.scope;
    if (!options.dryRun) this.#journal.remember([{ kind: 'tag', namespace, tag: type }]);
    return removed;
  }

  report(call?: Call): Promise<StoreReport> {
    return this.#run(call, () => this.#store.report());
  }

  close(): Promise<void> {
    this.#recovery.stop();
    this.#stopListening();
    return this.#store.close().finally(() => this.#breaker.open('closed'));
  }

  /**
   * Many tags take their time in any store. No reader waits for a fill, but those who came while its value was loaded.
   */
  #callFor({ tags }: NewEntry, call: Call | undefined): Call {
    const { budgetMs } = call ?? this.#parts.settings;
    return { budgetMs: budgetMs + tags.length * FILL_MS_PER_TAG };
  }

  #trusted(key: StoreKey | undefined, reply: ReadReply, since: number): ReadReply {
    if (!key || reply.kind !== 'hit' || !this.#journal.covers(key, reply.entry, since)) return reply;
    return { kind: 'rejected', id: reply.entry.id, reason: 'invalidated' };
  }

  #guarded(ranking: Ranking): Ranking {
    return {
      add: (counts) => this.#run(undefined, () => ranking.add(counts)),
      top: (limit) => this.#run(undefined, () => ranking.top(limit)),
      remove: (member) => this.#run(undefined, () => ranking.remove(member)),
      clear: () => this.#run(undefined, () => ranking.clear()),
    };
  }

  #checkClosed(): void {
    const { state } = this.#breaker;
    if (state.state === 'open') throw new StoreUnavailableError(`The store is not asked now: ${state.reason}.`);
  }

  /** The one way to the store. @throws StoreUnavailableError where it is not asked, or gives no answer in time. */
  async #run<T>(
    call: Call | undefined,
    send: (running: RunningCall) => Promise<T>,
    tooLate?: (answer: T) => void,
  ): Promise<T> {
    const { maxInFlight } = this.#parts.settings;
    if (this.#calls.size >= maxInFlight) {
      this.#checkClosed(); // the better reason
      throw new StoreUnavailableError(`The store is not asked now: ${maxInFlight} calls are under way.`);
    }
    return this.#runBeyondCap(call, send, tooLate);
  }

  /** For what must not be refused while the store answers: what undoes or ends something leaves it undone otherwise. */
  async #runBeyondCap<T>(
    call: Call | undefined,
    send: (running: RunningCall) => Promise<T>,
    tooLate?: (answer: T) => void,
  ): Promise<T> {
    this.#checkClosed();
    return this.#calls.run(call?.budgetMs ?? this.#parts.settings.budgetMs, send, tooLate);
  }

  #statusChanged(status: StoreStatus): void {
    if (status.state === 'ready') {
      void this.#recovery.probe();
      return;
    }
    this.#recovery.interrupted();
    this.#breaker.open(reasonOf(status));
  }

  #changed(state: BreakerState): void {
    if (state.state === 'closed') this.#journal.letGo();
    else {
      this.#journal.hold();
      this.#calls.giveUpAll(new StoreUnavailableError(`The store is not asked any more: ${state.reason}.`));
      this.#recovery.probeLater();
    }
    this.#parts.onBreaker(state);
    const status = this.status();
    for (const listener of [...this.#listeners]) listener(status);
  }
}

function reasonOf(status: StoreStatus): string {
  return status.state === 'down' ? status.reason : 'it is not connected yet';
}
