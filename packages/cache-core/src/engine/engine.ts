import { AsyncResource } from 'node:async_hooks';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { ResolvedType } from '../config/cache-types.ts';
import type { KeyMemory } from '../keys/key-memory.ts';
import type { CacheEvents, ChannelEvent } from '../observe/events.ts';
import type { GuardedLogger } from '../observe/logger.ts';
import { TypeObserver } from '../observe/type-observer.ts';
import type { BreakerState } from '../store/breaker.ts';
import { Guard, type GuardSettings } from '../store/guard.ts';
import type { Store, Target } from '../store/store.ts';
import { Budget } from './budget.ts';
import { Flights } from './flights.ts';
import { FollowedCopies, type LocalSettings } from './followed-copies.ts';
import { LastSeen } from './last-seen.ts';
import { Limiter } from './limiter.ts';
import { ReadBatch } from './read-batch.ts';
import { WorkUnderWay } from './work.ts';

export interface EngineParts {
  readonly store: Store;
  /** `undefined` for a store that is asked as it is. */
  readonly guard: GuardSettings | undefined;
  /** The engine whose store, guard and budget this one uses: `store` and `guard` are not looked at then. */
  readonly parent: Engine | undefined;
  /** Options of the copies in this process, which types may have. */
  readonly local: LocalSettings;
  readonly keyMemory: KeyMemory;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly logger: GuardedLogger;
  readonly events: CacheEvents;
  /** Are latencies recorded? */
  readonly latency: boolean;
}

/** A tenth of what the guard lets be under way: several caches may share a store. */
const BULK_CALLS = 200;
const CLOSE_PATIENCE_MS = 5_000;
/** A store that answers some of its calls only would be said to be silent, and to be back, at each of them. */
const QUIET_MS = 10_000;
/** Bounds of the remembered pauses: characters of their keys, and the overhead of each. */
const PAUSES_SIZE = 1_000_000;
const PAUSE_OVERHEAD = 100;

/** What the types of one cache share. */
export class Engine {
  /** Behind the guard, if there is one. */
  readonly store: Store;
  /** The store itself: of two caches on it, a key is the same key. */
  readonly home: object;
  readonly guard: Guard | undefined;
  /** The types of the cache and of its children: a child adds nothing. */
  readonly typeNames: Set<string>;
  readonly keyMemory: KeyMemory;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: GuardedLogger;
  readonly events: CacheEvents;
  /** By name of the type; a child may have some that this cache has not. */
  readonly observers = new Map<string, TypeObserver>();
  /** Shared by the children of a cache, since those of one name have the same keys. */
  readonly flights: Flights;
  /** Key → until when no refresh of it is begun. Shared as the flights are, and bounded over all of them (P7). */
  readonly pauses: LRUCache<string, number>;
  /** For types with `degraded`. Shared like the flights. */
  readonly lastSeen: LastSeen;
  readonly reads: ReadBatch;
  /** For the calls of verbs that take many values: they leave the store, and its cap, to single ones as well. */
  readonly bulk: Limiter;
  readonly local: FollowedCopies;
  readonly #budgetMs: number;
  readonly #parent: Engine | undefined;
  readonly #hasLatency: boolean;
  /** The asynchronous context in which the cache was made. */
  readonly #origin = new AsyncResource('huntly-cache');
  /** Background work, which no caller awaits: `close` does. */
  readonly #background: WorkUnderWay;
  /** Work that its caller awaits; `settled` waits for it as well. */
  readonly #awaited: WorkUnderWay;
  #unanswered: { readonly kind: StoreCall; readonly isSaid: boolean } | undefined;
  #lastUnansweredAt = Number.NEGATIVE_INFINITY;
  #isSaidNotAsked = false;
  #isClosing = false;

  constructor(parts: EngineParts) {
    const { store, guard: settings, clock, random, parent } = parts;
    const typeNames = parent?.typeNames ?? new Set<string>();
    this.typeNames = typeNames;
    this.keyMemory = parts.keyMemory;
    this.#parent = parent;
    this.#hasLatency = parts.latency;
    this.clock = clock;
    this.random = random;
    this.logger = parts.logger;
    this.events = parts.events;
    const onBreaker = (state: BreakerState) => this.#breakerChanged(state);
    this.guard = parent
      ? parent.guard
      : settings && new Guard(store, { settings, clock, random, typeNames, onBreaker });
    this.store = parent?.store ?? this.guard ?? store;
    this.home = parent?.home ?? store;
    this.#budgetMs = parent ? parent.#budgetMs : (settings?.budgetMs ?? Number.POSITIVE_INFINITY);
    const onChannel = (event: ChannelEvent) => this.events.emit('channel', event);
    this.local =
      parent?.local.ofChildren ??
      new FollowedCopies(this.store, parts.local, { clock, logger: this.logger, onChannel });
    this.#background = new WorkUnderWay(parent ? parent.#background : undefined);
    this.#awaited = new WorkUnderWay(parent ? parent.#awaited : undefined);
    this.bulk = parent?.bulk ?? new Limiter(BULK_CALLS);
    this.flights = parent?.flights ?? new Flights();
    this.pauses = parent?.pauses ?? boundedPauses();
    this.lastSeen = parent?.lastSeen ?? new LastSeen();
    this.reads = parent?.reads ?? new ReadBatch(this.store, clock, this.#budgetMs);
  }

  /** From here on nothing new is begun in the background, else `close` would wait for ever in traffic. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** What a type did in this cache and, for `stats({ children: true })`, in all below. */
  observerOf(type: string): TypeObserver {
    const known = this.observers.get(type);
    if (known) return known;
    const { logger, events } = this;
    const above = this.#parent?.observerOf(type);
    const observer = new TypeObserver({ type, logger, events, latency: this.#hasLatency, above });
    this.observers.set(type, observer);
    return observer;
  }

  /** The cache is closed: what was remembered to be faster is of no use any more (P7). */
  forget(): void {
    this.keyMemory.forget();
    this.events.close();
    if (this.#parent !== undefined) return; // what is shared is its
    this.pauses.clear();
    this.lastSeen.close();
  }

  /**
   * This process changes these itself, and does not wait for its own news: to be called before that is sent, and once
   * it is answered.
   */
  drop(targets: readonly Target[]): void {
    this.local.drop(targets);
    this.lastSeen.drop(targets);
  }

  dropAll(): void {
    this.local.dropAll();
    this.lastSeen.forget();
  }

  /** The store time of one request. */
  newBudget(): Budget {
    return new Budget(this.#budgetMs);
  }

  /** The one place for background work: `close` waits for it, and its failure is a log line. */
  runInBackground(reason: string, work: Promise<unknown>): void {
    const failed = (error: unknown) => this.logger.error({ err: error, reason }, 'background work failed');
    this.#background.add(work.catch(failed));
  }

  /** The same for work that a request sets off and that is not its own: without its `AsyncLocalStorage`. */
  runDetached(reason: string, work: () => Promise<unknown>): void {
    this.runInBackground(reason, this.#origin.runInAsyncScope(work));
  }

  /** Work that its caller awaits: `settled` waits for it, `close` does not. */
  follow<T>(work: Promise<T>): Promise<T> {
    this.#awaited.add(work);
    return work;
  }

  /** Resolves when no load, fill, refresh or release of this cache or its children is under way. */
  async settled(): Promise<void> {
    while (this.#awaited.isBusy || this.#background.isBusy) {
      await this.#awaited.ended();
      await this.#background.ended();
    }
  }

  /** The cache is being closed: from here on a store that does not answer is no news. */
  async drainForGood(): Promise<void> {
    this.#isClosing = true;
    const drained = this.#drain();
    await Promise.race([drained, this.#patience(drained)]);
  }

  /** What runs now, and what that sets off: fills of refreshes. In traffic there is always more. */
  async #drain(): Promise<void> {
    for (let generation = 0; generation < 2; generation++) await this.#background.ended();
  }

  /** A loader that never returns must not keep a process from ending. */
  #patience(drained: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(CLOSE_PATIENCE_MS, () => {
        this.logger.warn({}, 'closed while background loads were still running');
        resolve();
      });
      void drained.then(cancel);
    });
  }

  /**
   * Calls the store; says once when a kind of call is not answered any more, and once when that kind is again. (A
   * server without memory answers reads and refuses leases.) Rejects as the store does.
   * @param budget of the request that waits for the answer, and pays for it
   */
  async ask<T>(kind: StoreCall, call: (store: Store) => Promise<T>, budget?: Budget): Promise<T> {
    const askedAt = budget ? this.clock.now() : 0;
    try {
      const answer = await call(this.store);
      budget?.spendAnswered(this.clock.now() - askedAt);
      if (this.#unanswered?.kind === kind) {
        if (this.#unanswered.isSaid) this.logger.info({}, 'the store answers again');
        this.#unanswered = undefined;
      }
      return answer;
    } catch (error) {
      budget?.spend(this.clock.now() - askedAt);
      const isKnown = this.guard?.state().breaker.state === 'open'; // said when it opened
      if (!this.#isClosing && !isKnown) this.#noteUnanswered(kind, error);
      throw error;
    }
  }

  #noteUnanswered(kind: StoreCall, error: unknown): void {
    const now = this.clock.now();
    const isNews = now - this.#lastUnansweredAt >= QUIET_MS;
    this.#lastUnansweredAt = now;
    if (this.#unanswered !== undefined) return;
    this.#unanswered = { kind, isSaid: isNews };
    if (!isNews) return;
    this.logger.warn({ err: error }, 'the store does not answer: values are loaded from the source and not cached');
  }

  #breakerChanged(state: BreakerState): void {
    if (this.#isClosing) return;
    this.events.emit(
      'store',
      state.state === 'closed' ? { state: 'asked' } : { state: 'not asked', reason: state.reason },
    );
    if (state.state === 'open') {
      this.logger.warn({ reason: state.reason }, 'cache bypassed: values are loaded from the source');
    } else if (this.#isSaidNotAsked) {
      this.logger.info({}, 'cache in use again'); // not at a start, when it has only just connected
    }
    this.#isSaidNotAsked = state.state === 'open';
  }
}

/** `max` would allocate all of it at once. */
function boundedPauses(): LRUCache<string, number> {
  return new LRUCache({ maxSize: PAUSES_SIZE, sizeCalculation: (_until, key) => key.length + PAUSE_OVERHEAD });
}

export type StoreCall = keyof Store;

/** What the parts of one type share. */
export interface TypeContext {
  readonly engine: Engine;
  readonly type: ResolvedType;
  readonly observer: TypeObserver;
}
