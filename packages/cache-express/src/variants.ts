import type { Clock } from '@huntly/cache-core';

/** URLs whose variants are counted. The oldest goes first, and is counted anew. */
const MAX_URLS = 10_000;

/**
 * The variants of each URL that this process has stored and that are not over: a client that sends ever new values of a header of `vary` fills no
 * store.
 */
export class Variants {
  readonly #clock: Clock;
  readonly #max: number;
  /** By URL and variant: until when it counts. */
  readonly #until = new Map<string, Map<string, number>>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  /** May a response of this variant be made to be stored? One that may counts from now on, for so long. */
  admit(url: string, variant: string, forMs: number): boolean {
    const known = this.#of(url);
    if (!known.has(variant) && known.size >= this.#max) this.#dropOver(known);
    if (!known.has(variant) && known.size >= this.#max) return false;
    this.keep(url, variant, forMs);
    return true;
  }

  /** How long it is stored. */
  keep(url: string, variant: string, forMs: number): void {
    this.#of(url).set(variant, this.#clock.now() + forMs);
  }

  #dropOver(known: Map<string, number>): void {
    const now = this.#clock.now();
    for (const [variant, until] of known) if (until <= now) known.delete(variant);
  }

  #of(url: string): Map<string, number> {
    let known = this.#until.get(url);
    if (known) return known;
    known = new Map();
    this.#until.set(url, known);
    if (this.#until.size > MAX_URLS) {
      for (const oldest of this.#until.keys()) {
        this.#until.delete(oldest);
        break;
      }
    }
    return known;
  }
}
