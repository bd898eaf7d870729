import type { Clock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Pattern } from '../keys/pattern.ts';
import { Breaker, type BreakerState } from './breaker.ts';
import { Journal, type Note } from './journal.ts';
import type { Ranking, RankingOptions } from './ranking.ts';
import type {
  Call,
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
  TagTarget,
  Target,
} from './store.ts';

/** Limits of the store, resolved; their defaults are those of `guard` in `CacheOptions`. */
export interface GuardSettings {
  /** Store time of one request; and of one call that names none. */
  readonly budgetMs: number;
  /** How long an invalidation may take: nobody can do without its answer. */
  readonly invalidationMs: number;
  /** Calls that wait for an answer, beyond which the store is not asked. */
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
  /** What drops every value of the caches on this store, by name. */
  readonly everything: ReadonlyMap<string, TagTarget>;
  readonly onBreaker: (state: BreakerState) => void;
}

export interface GuardState {
  readonly breaker: BreakerState;
  /** Invalidations that wait to be applied. */
  readonly journal: number;
  readonly inFlight: number;
}

/** Invalidations that are sent again at a time. */
const REPLAY_BATCH = 500;
const MAX_ORPHANS = 1_000;

/**
 * A store around a store that may be slow, frozen or gone (P4). Each call has a deadline; deadlines in a row, or a lost
 * connection, open the breaker: then nobody asks, and nobody waits, until a probe was answered *and* the invalidations that the
 * store may not have were sent again (P1, P5). Until one could be applied, the values that it concerns are not trusted.
 *
 * A call that was given up may still take effect. That is why the store refuses a fill whose lease is gone.
 */
export class Guard implements Store {
  readonly #store: Store;
  readonly #parts: GuardParts;
  readonly #breaker: Breaker;
  readonly #journal: Journal;
  /** One for each call under way: gives it up. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Leases of loads that are over, which the store may not know. */
  readonly #orphans = new Set<Lease>();
  #cancelProbe: (() => void) | undefined;
  #isProbing = false;
  /** How often the store went away. */
  #interruptions = 0;
  #isClosed = false;
  readonly #listeners = new Set<(status: StoreStatus) => void>();
  readonly #stopListening: () => void;
  readonly ranking?: (key: string, options: RankingOptions) => Ranking;
  /** Not guarded: a channel has a heartbeat of its own, and nobody waits for it. */
  readonly announcements?: NonNullable<Store['announcements']>;

  constructor(store: Store, parts: GuardParts) {
    this.#store = store;
    this.#parts = parts;
    const { settings, clock, everything } = parts;
    const { journalCapacity: capacity, replayMs, deadlinesToOpen } = settings;
    this.#journal = new Journal({ capacity, replayMs, everything, now: () => clock.now() });
    const status = store.status();
    const initial: BreakerState =
      status.state === 'ready' ? { state: 'closed', deadlines: 0 } : { state: 'open', reason: reasonOf(status) };
    this.#breaker = new Breaker(initial, { deadlinesToOpen, onChange: (state) => this.#changed(state) });
    this.#stopListening = store.onStatus((now) => this.#statusChanged(now));
    const ranking = store.ranking?.bind(store);
    if (ranking) this.ranking = (key, options) => this.#guarded(ranking(key, options));
    if (store.announcements) this.announcements = store.announcements.bind(store);
  }

  state(): GuardState {
    return { breaker: this.#breaker.state, journal: this.#journal.size, inFlight: this.#waiting.size };
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

  async read(keys: readonly StoreKey[], call?: Call): Promise<readonly ReadReply[]> {
    // A reply may be older than a replay that was answered before it: what waited when the read was sent stays untrusted.
    const since = this.#journal.size > 0 ? this.#parts.clock.now() : Number.POSITIVE_INFINITY;
    const replies = await this.#run(call, () => this.#store.read(keys));
    if (this.#journal.size === 0 && since === Number.POSITIVE_INFINITY) return replies;
    return replies.map((reply, index) => this.#trusted(keys[index], reply, since));
  }

  /** A lease that comes too late is given back: else everybody would wait for a load that nobody runs. */
  lease(key: StoreKey, options: LeaseOptions, call?: Call): Promise<LeaseReply> {
    const tooLate = (late: LeaseReply) => {
      if (late.kind === 'granted') this.#giveBack(late.lease);
    };
    return this.#run(call, () => this.#store.lease(key, options), tooLate);
  }

  renew(lease: Lease, ttlMs: number, call?: Call): Promise<boolean> {
    return this.#run(call, () => this.#store.renew(lease, ttlMs));
  }

  /** A load may have begun before an invalidation that the store has not heard of yet. */
  async fill(lease: Lease, entry: NewEntry, call?: Call): Promise<FillReply> {
    if (!this.#journal.covers(lease.key, entry)) return this.#run(call, () => this.#store.fill(lease, entry));
    await this.release(lease, {}, call);
    return 'refused';
  }

  /** Without an answer it is tried once more when the store is back: nobody should wait for a load that is over. */
  async release(lease: Lease, options?: { backoffMs?: number }, call?: Call): Promise<void> {
    try {
      await this.#run(call, () => this.#store.release(lease, options));
    } catch (error) {
      this.#orphan(lease);
      throw error;
    }
  }

  #orphan(lease: Lease): void {
    if (this.#orphans.size < MAX_ORPHANS) this.#orphans.add(lease);
    if (this.#breaker.state.state === 'closed') this.#probeLater();
  }

  /** Nobody waits for it. */
  #giveBack(lease: Lease, onFailure: () => void = () => this.#orphan(lease)): void {
    const asked = async () => this.#store.release(lease); // also one that throws instead of rejecting
    asked().catch(onFailure);
  }

  expire(keys: readonly StoreKey[], call?: Call): Promise<void> {
    return this.#run(call, () => this.#store.expire(keys));
  }

  /** Rejected, it is in the journal, and will be applied before its values are trusted again. */
  async invalidate(targets: readonly Target[], call?: Call): Promise<{ removed: number }> {
    const { invalidationMs } = this.#parts.settings;
    try {
      const applied = await this.#run(call ?? { budgetMs: invalidationMs }, () => this.#store.invalidate(targets));
      this.#journal.remember(targets);
      return applied;
    } catch (error) {
      this.#journal.add(targets);
      this.#probeLater();
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
    this.#isClosed = true;
    this.#cancelProbe?.();
    this.#stopListening();
    return this.#store.close().finally(() => this.#breaker.open('closed'));
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
  async #run<T>(call: Call | undefined, send: () => Promise<T>, tooLate: (answer: T) => void = ignore): Promise<T> {
    this.#checkClosed();
    const { budgetMs: standard, maxInFlight } = this.#parts.settings;
    if (this.#waiting.size >= maxInFlight) {
      throw new StoreUnavailableError(`The store is not asked now: ${maxInFlight} calls are under way.`);
    }
    return this.#bounded(call?.budgetMs ?? standard, send, tooLate);
  }

  #bounded<T>(budgetMs: number, send: () => Promise<T>, tooLate: (answer: T) => void): Promise<T> {
    if (budgetMs <= 0)
      throw new StoreUnavailableError('The store is not asked now: the request has no time left for it.');
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      const giveUp = (error: Error) => {
        isOver = true;
        cancel();
        this.#waiting.delete(giveUp);
        reject(error);
      };
      const expired = () => {
        if (isOver) return;
        giveUp(new StoreUnavailableError(`The store gave no answer within ${Math.round(budgetMs)} ms.`));
        this.#breaker.deadline();
      };
      const cancel = this.#parts.clock.after(budgetMs, () => this.#parts.clock.afterArrivals(expired));
      this.#waiting.add(giveUp);
      const answered = (): boolean => {
        if (isOver) return false;
        isOver = true;
        cancel();
        this.#waiting.delete(giveUp);
        this.#breaker.answered();
        return true;
      };
      const asked = (async () => send())(); // also one that throws instead of rejecting
      asked.then(
        (answer) => (answered() ? resolve(answer) : tooLate(answer)),
        (error: Error) => answered() && reject(error),
      );
    });
  }

  #statusChanged(status: StoreStatus): void {
    if (status.state === 'ready') {
      void this.#probe();
      return;
    }
    this.#interruptions++;
    this.#breaker.open(reasonOf(status));
  }

  #changed(state: BreakerState): void {
    if (state.state === 'closed') this.#journal.letGo();
    else {
      this.#journal.hold();
      const error = new StoreUnavailableError(`The store is not asked any more: ${state.reason}.`);
      for (const giveUp of [...this.#waiting]) giveUp(error);
      this.#probeLater();
    }
    this.#parts.onBreaker(state);
    const status = this.status();
    for (const listener of [...this.#listeners]) listener(status);
  }

  /** Jittered: all processes of a fleet lose the store at once. */
  #probeLater(): void {
    if (this.#cancelProbe || this.#isClosed) return;
    const delayMs = this.#parts.settings.probeMs * (0.75 + this.#parts.random() / 2);
    this.#cancelProbe = this.#parts.clock.after(delayMs, () => void this.#probe(), { background: true });
  }

  /** Asks whether the store is back, tells it what it may not have, and only then lets others ask. Never rejects. */
  async #probe(): Promise<void> {
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
    if (this.#isProbing || this.#isClosed) return;
    this.#isProbing = true;
    const isBack = await this.#recover().catch(() => false);
    this.#isProbing = false;
    if (isBack) this.#breaker.close();
    if (!isBack || this.#journal.size > 0) this.#probeLater();
  }

  /**
   * @returns whether the store answers. Invalidations that it refuses stay in the journal, and their values untrusted. Where it goes away
   * meanwhile, be it for a moment, what was sent before may be lost in turn: then all of it is due again.
   */
  async #recover(): Promise<boolean> {
    const interruptions = this.#interruptions;
    const afterInterruption = this.#breaker.state.state === 'open';
    if (this.#store.status().state !== 'ready') return false;
    const { budgetMs, probeMs } = this.#parts.settings;
    if (afterInterruption) await this.#bounded(Math.max(budgetMs, probeMs), () => this.#store.ping(), ignore);
    const due = this.#journal.due({ afterInterruption });
    for (let sent = 0; sent < due.length; sent += REPLAY_BATCH) {
      await Promise.all(due.slice(sent, sent + REPLAY_BATCH).map((note) => this.#replay(note)));
      if (this.#interruptions !== interruptions) return false;
    }
    this.#releaseOrphans();
    if (!afterInterruption && this.state().breaker.state === 'open') return false; // opened meanwhile: only an answered ping may close it
    return this.#store.status().state === 'ready';
  }

  /** Nobody waits for it; what is lost here ends with the time of the lease. */
  #releaseOrphans(): void {
    const orphans = [...this.#orphans];
    this.#orphans.clear();
    for (const lease of orphans) this.#giveBack(lease, ignore);
  }

  /** One by one: an invalidation that the store refuses for good must not hold up the others. */
  async #replay(note: Note): Promise<void> {
    const { invalidationMs } = this.#parts.settings;
    try {
      await this.#bounded(invalidationMs, () => this.#store.invalidate([note.target]), ignore);
      this.#journal.done(note);
    } catch {
      this.#journal.add([note.target]); // its values stay untrusted, and it is sent again
    }
  }
}

function reasonOf(status: StoreStatus): string {
  return status.state === 'down' ? status.reason : 'it is not connected yet';
}

function ignore(): void {}
