import { TagTimes } from '../store/tag-times.ts';

/**
 * When each tag was announced, for those it concerns: copies that carry it, and reads under way, whose tags are known
 * at their end only. All others are passed over: most announcements concern no copy, since each new tag is announced
 * when its nonce is created.
 *
 * The times are those of `TagTimes`. A read notes the time when it is *sent* (`begin`), and a copy has the time of its
 * read.
 */
export class AnnouncedTags {
  /** Of tags that were announced while reads were under way. */
  readonly #times: TagTimes;
  #readsUnderWay = 0;
  /** The tags that copies carry: no more of them than the bounds of the copies allow. */
  #carried = new Map<string, Carried>();
  /** When a tag was announced last that copies carry. */
  #latestOfCopies = 0;

  /** @param maxTags remembered for reads under way, as in `TagTimes` */
  constructor(maxTags?: number) {
    this.#times = new TagTimes(maxTags);
  }

  /** Changes whenever a copy may have become invalid. */
  get latest(): number {
    return this.#latestOfCopies;
  }

  /** Tags that are remembered. */
  get size(): number {
    return this.#times.size + this.#carried.size;
  }

  add(tags: readonly string[]): void {
    this.#times.add(this.#readsUnderWay > 0 ? tags : []);
    for (const tag of tags) {
      const carried = this.#carried.get(tag);
      if (!carried) continue;
      carried.announcedAt = this.#times.latest;
      this.#latestOfCopies = this.#times.latest;
    }
  }

  /** A read is sent. @returns its time; `end` must follow */
  begin(): number {
    this.#readsUnderWay++;
    return this.#times.latest;
  }

  /** A read is over. */
  end(): void {
    this.#readsUnderWay--;
    if (this.#readsUnderWay === 0 && this.#times.size > 0) this.#times.forget();
  }

  /** Was none of the tags announced since a read that is under way was sent? */
  isNoneSince(time: number, tags: readonly string[]): boolean {
    return this.#times.isNoneAfter(time, tags);
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
}

/** How many copies carry a tag, and when it was announced last while any did. */
interface Carried {
  copies: number;
  announcedAt: number;
}
