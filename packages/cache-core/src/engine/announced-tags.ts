import { numberOf } from '../store/tag-times.ts';

/** Tags remembered for reads under way; beyond that the oldest are forgotten on the safe side. */
const MAX_TAGS = 100_000;

/**
 * Which tags were announced, for those whom it concerns: copies that carry them, and reads that are under way, whose
 * tags are known at their end only. All others are passed over. So much is announced that concerns no copy: each new
 * tag, as a nonce is created for it.
 *
 * On a logical clock of this process that ticks with each announcement. A read notes the time when it is *sent*
 * (`begin`), and a copy has the time of its read.
 */
export class AnnouncedTags {
  readonly #maxTags: number;
  #now = 0;
  /** How many copies carry a tag, and when it was announced last while any did. No more of them than copies carry. */
  #carried = new Map<string, Carried>();
  /** When a tag was announced last that copies carry. */
  #latestOfCopies = 0;
  /** How many reads are under way, by the time when they were sent: the oldest first. */
  readonly #reads = new Map<number, number>();
  /** Tags announced while reads were under way, the oldest first: by number, so that their length does not count (P7). */
  readonly #sinceReads = new Map<number, number>();
  /**
   * The latest time that was forgotten: any tag may have been announced then, so what was read before leaves no copy
   * (P7).
   */
  #forgottenUntil = 0;

  constructor(maxTags = MAX_TAGS) {
    this.#maxTags = maxTags;
  }

  /** Changes whenever a copy may have become invalid. */
  get latest(): number {
    return this.#latestOfCopies;
  }

  /** Tags that are remembered. */
  get size(): number {
    return this.#sinceReads.size + this.#carried.size;
  }

  add(tags: readonly string[]): void {
    this.#now++;
    for (const tag of tags) {
      const carried = this.#carried.get(tag);
      if (carried) {
        carried.announcedAt = this.#now;
        this.#latestOfCopies = this.#now;
      }
      if (this.#reads.size === 0) continue;
      const number = numberOf(tag);
      this.#sinceReads.delete(number); // to the end of the order, which is that of time
      this.#sinceReads.set(number, this.#now);
    }
    while (this.#sinceReads.size > this.#maxTags) this.#forgetOldest();
  }

  /** A read is sent. @returns its time; `end` must follow */
  begin(): number {
    this.#reads.set(this.#now, (this.#reads.get(this.#now) ?? 0) + 1);
    return this.#now;
  }

  /** A read that was sent at this time is over. */
  end(time: number): void {
    const others = (this.#reads.get(time) ?? 0) - 1;
    if (others > 0) this.#reads.set(time, others);
    else this.#reads.delete(time);
    const [oldest = Number.POSITIVE_INFINITY] = this.#reads.keys();
    for (const [tag, announcedAt] of this.#sinceReads) {
      if (announcedAt > oldest) return;
      this.#sinceReads.delete(tag);
    }
  }

  /** Was none of the tags announced since a read that is under way was sent? */
  isNoneSince(time: number, tags: readonly string[]): boolean {
    if (time === this.#now) return true;
    if (time < this.#forgottenUntil) return false;
    return tags.every((tag) => (this.#sinceReads.get(numberOf(tag)) ?? 0) <= time);
  }

  /** There is a copy with these tags, until `drop`. */
  carry(tags: readonly string[]): void {
    for (const tag of tags) {
      const carried = this.#carried.get(tag);
      if (carried) carried.copies++;
      else this.#carried.set(tag, { copies: 1, announcedAt: 0 });
    }
  }

  drop(tags: readonly string[]): void {
    for (const tag of tags) {
      const carried = this.#carried.get(tag);
      if (carried && --carried.copies === 0) this.#carried.delete(tag);
    }
  }

  /** There are no copies any more. */
  dropAll(): void {
    this.#carried = new Map();
  }

  /** May a copy be served whose read was sent at this time? */
  isCurrent(time: number, tags: readonly string[]): boolean {
    return tags.every((tag) => (this.#carried.get(tag)?.announcedAt ?? 0) <= time);
  }

  #forgetOldest(): void {
    for (const [tag, time] of this.#sinceReads) {
      this.#forgottenUntil = time;
      this.#sinceReads.delete(tag);
      return;
    }
  }
}

interface Carried {
  copies: number;
  announcedAt: number;
}
