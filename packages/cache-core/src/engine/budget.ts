import type { Call } from '../store/store.ts';

/** What is left of the budget after an answer that came when it was over. */
const FLOOR_SHARE = 0.2;

/** The store time that one request may still spend, over all its calls (P4). */
export class Budget implements Call {
  readonly #floorMs: number;
  #leftMs: number;

  constructor(budgetMs: number) {
    this.#leftMs = budgetMs;
    this.#floorMs = budgetMs * FLOOR_SHARE;
  }

  get budgetMs(): number {
    return this.#leftMs;
  }

  /**
   * An answer that is accepted after the deadline arrived before it: this process was busy. So some time is left for
   * the lease that follows; without it each reader would load by itself.
   */
  spendAnswered(ms: number): void {
    const leftMs = this.#leftMs - ms;
    this.#leftMs = leftMs < 0 ? this.#floorMs : leftMs;
  }

  /** There was no answer. */
  spend(ms: number): void {
    this.#leftMs -= ms;
  }
}
