/** Tags remembered one by one; beyond that the oldest are forgotten on the safe side. */
const MAX_TAGS = 100_000;

/**
 * When each tag was last announced, on a logical clock of this process that ticks with every announcement of tags. A copy
 * notes `latest` when its read is *sent*, so that it can tell later whether a tag was announced since.
 */
export class AnnouncedTags {
  readonly #times = new Map<string, number>();
  readonly #maxTags: number;
  #latest = 0;
  /** The latest time that was forgotten: any tag may have been announced then, so what was read before is not trusted (P7). */
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

  add(tags: readonly string[]): void {
    this.#latest++;
    for (const tag of tags) {
      this.#times.delete(tag); // to the end of the order, which is that of time
      this.#times.set(tag, this.#latest);
    }
    while (this.#times.size > this.#maxTags) this.#forgetOldest();
  }

  isNoneAfter(since: number, tags: readonly string[]): boolean {
    if (since === this.#latest) return true;
    if (since < this.#forgottenUntil) return false;
    for (const tag of tags) if ((this.#times.get(tag) ?? 0) > since) return false;
    return true;
  }

  #forgetOldest(): void {
    for (const [tag, time] of this.#times) {
      this.#forgottenUntil = time;
      this.#times.delete(tag);
      return;
    }
  }
}
