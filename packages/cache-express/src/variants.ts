import type { Clock } from '@huntly/cache-core';

/**
 * URLs whose variants are counted, and characters that their keys may take together. The oldest URL goes first, and is
 * counted anew.
 */
const MAX_URLS = 10_000;
const MAX_CHARACTERS = 8_000_000;

interface Variant {
  /** On the clock of the process: as long as it counts. */
  readonly untilMs: number;
  /** Its response is stored. One that is being made keeps its place. */
  readonly isStored: boolean;
}

/**
 * The variants of each URL that this process has stored and that are not over: a client that sends ever new values of a
 * header of `vary` fills no store, and puts out only what nobody else asks for.
 */
export class Variants {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #drop: (variant: string) => void;
  /** By URL and variant; the variant that was used last is the last. */
  readonly #urls = new Map<string, Map<string, Variant>>();
  #characters = 0;

  /** `drop` removes a response from the store. */
  constructor(clock: Clock, max: number, drop: (variant: string) => void) {
    this.#clock = clock;
    this.#max = max;
    this.#drop = drop;
  }

  /**
   * May a response of this variant be made to be stored? It may count for so long; the least recently used one makes
   * room for it.
   */
  admit(url: string, variant: string, forMs: number): boolean {
    const known = this.#of(url);
    if (!known.has(variant) && known.size >= this.#max && !this.#makeRoom(known)) return false;
    this.#set(url, variant, { untilMs: this.#clock.now() + forMs, isStored: false });
    return true;
  }

  /** How long it is stored. */
  keep(url: string, variant: string, forMs: number): void {
    this.#set(url, variant, { untilMs: this.#clock.now() + forMs, isStored: true });
  }

  /** It was not stored. */
  forget(url: string, variant: string): void {
    const known = this.#urls.get(url);
    if (known) this.#delete(known, variant);
  }

  /** Somebody asked for it. */
  use(url: string, variant: string): void {
    const known = this.#urls.get(url);
    const found = known?.get(variant);
    if (!known || !found) return;
    known.delete(variant);
    known.set(variant, found);
  }

  #makeRoom(known: Map<string, Variant>): boolean {
    const now = this.#clock.now();
    for (const [variant, { untilMs }] of known) if (untilMs <= now) this.#delete(known, variant);
    if (known.size < this.#max) return true;
    for (const [variant, { isStored }] of known) {
      if (!isStored) continue;
      this.#delete(known, variant);
      this.#drop(variant);
      return true;
    }
    return false;
  }

  #set(url: string, variant: string, value: Variant): void {
    const known = this.#of(url);
    if (!known.delete(variant)) this.#characters += variant.length;
    known.set(variant, value);
    for (const [oldest, variants] of this.#urls) {
      if (this.#urls.size <= MAX_URLS && this.#characters <= MAX_CHARACTERS) return;
      this.#urls.delete(oldest);
      this.#characters -= oldest.length;
      for (const variant of variants.keys()) this.#characters -= variant.length;
    }
  }

  #delete(known: Map<string, Variant>, variant: string): void {
    if (known.delete(variant)) this.#characters -= variant.length;
  }

  #of(url: string): Map<string, Variant> {
    let known = this.#urls.get(url);
    if (!known) {
      known = new Map();
      this.#urls.set(url, known);
      this.#characters += url.length;
    }
    return known;
  }
}
