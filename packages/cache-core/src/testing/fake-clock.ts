import type { Clock } from '../clock.ts';
import { setImmediate } from '../timers.ts';

interface Timer {
  readonly dueAt: number;
  readonly task: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #startEpoch: number;
  readonly #timers = new Set<Timer>();

  constructor(startEpoch = Date.UTC(2025, 0, 1)) {
    this.#startEpoch = startEpoch;
  }

  now(): number {
    return this.#now;
  }

  epoch(): number {
    return this.#startEpoch + this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueAt: this.#now + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  afterArrivals(task: () => void): void {
    task();
  }

  /** How many timers wait: none should when a test is over. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /**
   * Moves time on. Timers run in the order in which they are due, each after everything that the one before it set off.
   * Of two calls that overlap, time ends where the later one does: it never goes back.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#nextDue(end); next; next = this.#nextDue(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.dueAt);
      next.task();
      await settle();
    }
    this.#now = Math.max(this.#now, end); // another call may have moved it further meanwhile
  }

  #nextDue(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.dueAt <= end && (!next || timer.dueAt < next.dueAt)) next = timer;
    return next;
  }
}

/** Resolves when all promise callbacks and ticks that are due now have run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
