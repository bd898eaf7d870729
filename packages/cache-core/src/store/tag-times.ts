/** Tags remembered one by one; beyond that the oldest are forgotten on the safe side. */
const MAX_TAGS = 100_000;
/** Of all of them: characters, and what each tag costs besides, roughly. */
const MAX_CHARACTERS = 8_000_000;
const TAG_OVERHEAD = 60;

/**
 * When each tag last ended the values that carry it, on a logical clock that ticks with each `add` and never restarts. Whoever notes
 * `latest` before a read can tell later whether one of its tags was added since. Bounded (P7): what was forgotten may have been any tag,
 * so nothing older is trusted (P5).
 */
export class TagTimes {
  readonly #times = new Map<string, number>();
  readonly #maxTags: number;
  #characters = 0;
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
      if (!this.#times.delete(name)) this.#characters += name.length + TAG_OVERHEAD; // to the end of the order, which is that of time
      this.#times.set(name, this.#latest);
    }
    while (this.#times.size > this.#maxTags || this.#characters > MAX_CHARACTERS) this.#forgetOldest();
  }

  isNoneAfter(since: number, names: Iterable<string>): boolean {
    if (since === this.#latest) return true; // without a look at the names
    if (since < this.#forgottenUntil) return false;
    for (const name of names) if ((this.#times.get(name) ?? 0) > since) return false;
    return true;
  }

  /** All of them, on the safe side. */
  forget(): void {
    this.#times.clear();
    this.#characters = 0;
    this.#forgottenUntil = this.#latest;
  }

  #forgetOldest(): void {
    for (const [name, time] of this.#times) {
      this.#forgottenUntil = time;
      this.#times.delete(name);
      this.#characters -= name.length + TAG_OVERHEAD;
      return;
    }
  }
}
