import type { Clock } from '@huntly/cache-core';

const MAX_KEYS = 10_000;

/**
 * Keys whose response could not be stored, remembered for a while: whoever asks for one of them does not wait for the others who do. Bounded;
 * the oldest goes first.
 */
export class HitForMiss {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(key: string, forMs: number): void {
    this.#until.delete(key);
    this.#until.set(key, this.#clock.now() + forMs);
    if (this.#until.size <= MAX_KEYS) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#clock.now()) return true;
    this.#until.delete(key);
    return false;
  }
}
