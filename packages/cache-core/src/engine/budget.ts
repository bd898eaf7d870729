import type { Call } from '../store/store.ts';

/** The store time that one request may still spend, over all its calls (P4). */
export class Budget implements Call {
  #leftMs: number;

  constructor(budgetMs: number) {
    this.#leftMs = budgetMs;
  }

  get budgetMs(): number {
    return this.#leftMs;
  }

  spend(ms: number): void {
    this.#leftMs -= ms;
  }
}
