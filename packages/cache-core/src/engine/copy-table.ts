/** What the table asks of what it holds. */
export interface Holdable {
  readonly bytes: number;
  /** Set by a hit, taken back when eviction passes it over. */
  wasUsed: boolean;
}

/**
 * Values by key, bounded by number and bytes (P7). Evicts the oldest one that was not used since eviction last came by: second
 * chance, also called CLOCK. A hit sets one bit, where a list of recent use would be mended: that takes a tenth of the
 * time of a hit.
 */
export class CopyTable<T extends Holdable> {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** In the order in which eviction comes by. */
  readonly #held = new Map<string, T>();
  #bytes = 0;

  constructor({ maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#held.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** To be followed by `wasUsed = true` if it is of use. */
  get(key: string): T | undefined {
    return this.#held.get(key);
  }

  /** Not kept if it is larger than all may be together. */
  set(key: string, value: T): void {
    this.delete(key);
    if (value.bytes > this.#maxBytes) return;
    while (this.#held.size >= this.#maxEntries || this.#bytes + value.bytes > this.#maxBytes) this.#evict();
    this.#held.set(key, value);
    this.#bytes += value.bytes;
  }

  delete(key: string): void {
    const value = this.#held.get(key);
    if (value === undefined) return;
    this.#held.delete(key);
    this.#bytes -= value.bytes;
  }

  /** Ends: whoever is passed over has its bit taken back. */
  #evict(): void {
    for (const [key, value] of this.#held) {
      this.delete(key);
      if (!value.wasUsed) return;
      value.wasUsed = false;
      this.#held.set(key, value);
      this.#bytes += value.bytes;
    }
  }
}
