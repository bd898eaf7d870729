import type { Clock } from '../clock.ts';
import type { ResolvedType } from '../config/cache-types.ts';
import type { GuardedLogger } from '../observe/logger.ts';
import type { TypeObserver } from '../observe/type-observer.ts';
import type { Store } from '../store/store.ts';
import { Flights } from './flights.ts';
import { ReadBatch } from './read-batch.ts';

export interface EngineParts {
  readonly store: Store;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly logger: GuardedLogger;
}

/** What the types of one cache share. */
export class Engine {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: GuardedLogger;
  readonly flights = new Flights();
  readonly reads: ReadBatch;
  readonly #background = new Set<Promise<void>>();
  #unanswered: StoreCall | undefined;
  #isClosing = false;

  constructor(parts: EngineParts) {
    this.store = parts.store;
    this.clock = parts.clock;
    this.random = parts.random;
    this.logger = parts.logger;
    this.reads = new ReadBatch(parts.store);
  }

  /** The one place for work that nobody awaits: it is drained by `close`, and its failure is a log line. */
  runInBackground(reason: string, work: Promise<unknown>): void {
    const tracked = work.then(
      () => {},
      (error: unknown) => this.logger.error({ err: error, reason }, 'background work failed'),
    );
    this.#background.add(tracked);
    void tracked.then(() => this.#background.delete(tracked));
  }

  /** The cache is being closed: from here on a store that does not answer is no news. */
  async drainForGood(): Promise<void> {
    this.#isClosing = true;
    while (this.#background.size > 0) await Promise.all(this.#background);
  }

  /**
   * Calls the store; says once when a kind of call is not answered any more, and once when that kind is again. (A server
   * without memory answers reads and refuses leases.) Rejects as the store does.
   */
  async ask<T>(kind: StoreCall, call: (store: Store) => Promise<T>): Promise<T> {
    try {
      const answer = await call(this.store);
      if (this.#unanswered === kind) {
        this.#unanswered = undefined;
        this.logger.info({}, 'the store answers again');
      }
      return answer;
    } catch (error) {
      if (this.#unanswered === undefined && !this.#isClosing) {
        this.#unanswered = kind;
        this.logger.warn({ err: error }, 'the store does not answer: values are loaded from the source and not cached');
      }
      throw error;
    }
  }
}

export type StoreCall = keyof Store;

/** What the parts of one type share. */
export interface TypeContext {
  readonly engine: Engine;
  readonly type: ResolvedType;
  readonly observer: TypeObserver;
}
