import type { Clock } from '../clock.ts';
import type { Call } from '../store/store.ts';

/** The store time that one request may still spend, over all its calls (P4). */
export class Budget implements Call {
  readonly #clock: Clock;
  #leftMs: number;

  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.#leftMs = budgetMs;
  }

  get budgetMs(): number {
    return this.#leftMs;
  }

  /** Waits for the store at the expense of this budget. */
  async spend<T>(answer: Promise<T>): Promise<T> {
    const askedAt = this.#clock.now();
    try {
      return await answer;
    } finally {
      this.#leftMs -= this.#clock.now() - askedAt;
    }
  }
}
