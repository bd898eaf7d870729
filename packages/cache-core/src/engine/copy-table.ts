/** What each value in the table must have. */
export interface Holdable {
  readonly bytes: number;
  /** Set by a hit, taken back when eviction passes it over. */
  wasUsed: boolean;
}

/** After passing over this many used copies the next one is evicted anyway: a fill must not walk through all. */
const MAX_PASSED = 32;

/**
 * Values by key, bounded by number and bytes (P7). A hand goes round in insertion order and evicts the first value that
 * was not used since its last visit: second chance, also called CLOCK. A hit sets one bit; keeping a list of recent use
 * instead would take a tenth of the time of a hit.
 */
export class CopyTable<T extends Holdable> {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #onGone: (value: T) => void;
  readonly #held = new Map<string, T>();
  #hand = this.#held.entries();
  #bytes = 0;

  /** @param onGone hears of each value that is held no more */
  constructor(
    { maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number },
    onGone: (value: T) => void = () => {},
  ) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#onGone = onGone;
  }

  get size(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): T | undefined {
    const value = this.#held.get(key);
    if (value !== undefined) value.wasUsed = true;
    return value;
  }

  /** @returns whether it is kept: not if it is larger than all may be together */
  set(key: string, value: T): boolean {
    this.delete(key);
    if (value.bytes > this.#maxBytes) return false;
    while (this.#held.size >= this.#maxEntries || this.#bytes + value.bytes > this.#maxBytes) this.#evict();
    this.#held.set(key, value);
    this.#bytes += value.bytes;
    return true;
  }

  delete(key: string): void {
    const value = this.#held.get(key);
    if (value === undefined) return;
    this.#held.delete(key);
    this.#bytes -= value.bytes;
    this.#onGone(value);
  }

  #evict(): void {
    for (let passed = 0; ; passed++) {
      const [key, value] = this.#next();
      if (!value.wasUsed || passed >= MAX_PASSED) return this.delete(key);
      value.wasUsed = false;
    }
  }

  /** There is one: nothing is evicted from an empty table. */
  #next(): [string, T] {
    let next = this.#hand.next();
    while (next.done) {
      this.#hand = this.#held.entries();
      next = this.#hand.next();
    }
    return next.value;
  }
}
