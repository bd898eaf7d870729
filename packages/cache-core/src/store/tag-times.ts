/** Tags remembered one by one, of some 40 bytes each; beyond that the oldest are forgotten on the safe side. */
const MAX_TAGS = 100_000;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * When each tag last ended the values that carry it, on a logical clock that ticks with each `add` and never restarts. Whoever notes
 * `latest` before a read can tell later whether one of its tags was added since. Bounded (P7): what was forgotten may have been any tag,
 * so nothing older is trusted (P5). Tags are remembered by a number of 32 bits, so that their length does not count: where two share one,
 * the one is taken for the other, which costs a miss.
 */
export class TagTimes {
  readonly #times = new Map<number, number>();
  readonly #maxTags: number;
  #latest = 0;
  /** The latest time that was forgotten. */
  #forgottenUntil = 0;

  constructor(maxTags = MAX_TAGS) {
    this.#maxTags = maxTags;
  }

  get latest(): number {
    return this.#latest;
  }

  get size(): number {
    return this.#times.size;
  }

  /** @param names as `tagKey` makes them */
  add(names: readonly string[]): void {
    this.#latest++;
    for (const name of names) {
      const number = numberOf(name);
      this.#times.delete(number); // to the end of the order, which is that of time
      this.#times.set(number, this.#latest);
    }
    while (this.#times.size > this.#maxTags) this.#forgetOldest();
  }

  isNoneAfter(since: number, names: Iterable<string>): boolean {
    if (since === this.#latest) return true; // without a look at the names
    if (since < this.#forgottenUntil) return false;
    for (const name of names) if ((this.#times.get(numberOf(name)) ?? 0) > since) return false;
    return true;
  }

  /** All of them, on the safe side. */
  forget(): void {
    this.#times.clear();
    this.#forgottenUntil = this.#latest;
  }

  #forgetOldest(): void {
    for (const [number, time] of this.#times) {
      this.#forgottenUntil = time;
      this.#times.delete(number);
      return;
    }
  }
}

/** FNV-1a. */
function numberOf(name: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), FNV_PRIME);
  return hash | 0;
}
