import type { Clock } from '@huntly/cache-core';

const MAX_KEYS = 10_000;
/** Of all keys together: a key is as long as its URL. Digests would have to be made for each request. */
const MAX_CHARACTERS = 4_000_000;

/**
 * Keys whose response could not be stored, remembered for a while: whoever asks for one of them does not wait for the others who do. Bounded;
 * the oldest goes first.
 */
export class HitForMiss {
  readonly #clock: Clock;
  readonly #until = new Map<string, number>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(key: string, forMs: number): void {
    this.#delete(key);
    this.#until.set(key, this.#clock.now() + forMs);
    this.#characters += key.length;
    for (const oldest of this.#until.keys()) {
      if (this.#until.size <= MAX_KEYS && this.#characters <= MAX_CHARACTERS) return;
      this.#delete(oldest);
    }
  }

  has(key: string): boolean {
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#clock.now()) return true;
    this.#delete(key);
    return false;
  }

  #delete(key: string): void {
    if (this.#until.delete(key)) this.#characters -= key.length;
  }
}
