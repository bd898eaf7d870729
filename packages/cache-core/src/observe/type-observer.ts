import { type GuardedLogger, loggableKey } from './logger.ts';
import { type Counters, newCounters, type TypeStats } from './stats.ts';

/** The words of the debug lines; one a counter, so that logs and statistics never disagree. */
const MESSAGES: Readonly<Record<keyof Counters, string>> = {
  hits: 'hit',
  localHits: 'hit in this process',
  stale: 'stale',
  misses: 'miss',
  loads: 'load began',
  loadErrors: 'load failed',
  loadTimeouts: 'load took too long',
  refreshes: 'refresh began',
  coalesced: 'waiting for a load of this cache',
  stored: 'stored',
  refused: 'fill refused: invalidated since the load began',
  uncacheable: 'not cached',
  skipped: 'not cached: the loader skipped it',
  unreadable: 'stored value unreadable',
  storeErrors: 'store did not answer',
};

/** Counts what happens to one type and, where somebody listens, writes a debug line for it. */
export class TypeObserver {
  readonly #type: string;
  readonly #logger: GuardedLogger;
  readonly #counters = newCounters();

  constructor(type: string, logger: GuardedLogger) {
    this.#type = type;
    this.#logger = logger;
  }

  /** Costs one addition while debug lines are off. */
  count(what: keyof Counters, key: string): void {
    this.#counters[what]++;
    if (!this.#logger.isLevelEnabled('debug')) return;
    this.#logger.debug({ type: this.#type, key: loggableKey(key) }, MESSAGES[what]);
  }

  stats(): TypeStats {
    return { ...this.#counters };
  }
}
