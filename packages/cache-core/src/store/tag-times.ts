/** Tags remembered one by one, of some 40 bytes each; beyond that the older half is forgotten on the safe side. */
const MAX_TAGS = 100_000;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * When each tag was last added, on a logical clock that ticks with each `add` and never restarts. A reader that notes
 * `latest` before it reads can tell later whether one of the tags of its value was added since. Bounded (P7): what was
 * forgotten may have been any tag, so nothing older is trusted (P5). A tag is remembered by a number of 32 bits, so
 * that its length does not count: where two tags share a number, one is taken for the other, which costs a miss.
 */
export class TagTimes {
  /**
   * Two generations of half as many: in one table the order of time would cost a deletion each time, and twice the
   * room.
   */
  #young = new Map<number, number>();
  #old = new Map<number, number>();
  readonly #maxOfGeneration: number;
  #latest = 0;
  /** The latest time in the old generation, and the latest one that was forgotten. */
  #oldUntil = 0;
  #forgottenUntil = 0;

  constructor(maxTags = MAX_TAGS) {
    this.#maxOfGeneration = Math.max(1, Math.floor(maxTags / 2));
  }

  get latest(): number {
    return this.#latest;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** @param names as `tagKey` makes them */
  add(names: readonly string[]): void {
    this.#latest++;
    for (const name of names) {
      const number = numberOf(name);
      if (this.#young.size >= this.#maxOfGeneration && !this.#young.has(number)) this.#turn();
      this.#young.set(number, this.#latest);
    }
  }

  isNoneAfter(since: number, names: Iterable<string>): boolean {
    if (since === this.#latest) return true; // without a look at the names
    if (since < this.#forgottenUntil) return false;
    for (const name of names) {
      const number = numberOf(name);
      if ((this.#young.get(number) ?? this.#old.get(number) ?? 0) > since) return false;
    }
    return true;
  }

  /** All of them, on the safe side. */
  forget(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#forgottenUntil = this.#latest;
  }

  #turn(): void {
    this.#forgottenUntil = Math.max(this.#forgottenUntil, this.#oldUntil);
    this.#oldUntil = this.#latest;
    this.#old = this.#young;
    this.#young = new Map();
  }
}

/** FNV-1a. */
function numberOf(name: string): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), FNV_PRIME);
  return hash | 0;
}
