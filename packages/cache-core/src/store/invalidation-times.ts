import { LRUCache } from 'lru-cache';
import type { Scope } from '../keys/scope.ts';
import { tagKey } from '../keys/store-keys.ts';

/** Tags remembered one by one; beyond that the oldest are forgotten on the safe side. */
const MAX_TAGS = 100_000;

/**
 * When each tag was last invalidated, on a logical clock that ticks with every invalidation and never restarts. Whoever
 * notes `latest` before reading the source can tell later whether a tag was invalidated since.
 */
export class InvalidationTimes {
  #latest = 0;
  /** The latest time that was forgotten: any tag may have been invalidated then (P5: losing a record only costs misses). */
  #forgottenUntil = 0;
  readonly #times: LRUCache<string, number>;

  constructor(maxTags = MAX_TAGS) {
    this.#times = new LRUCache({
      maxSize: maxTags, // `max` would allocate them all at once
      sizeCalculation: () => 1,
      dispose: (time, _tag, reason) => {
        if (reason === 'evict') this.#forgottenUntil = Math.max(this.#forgottenUntil, time);
      },
    });
  }

  get latest(): number {
    return this.#latest;
  }

  add(namespace: string | undefined, tag: string): void {
    this.#latest++;
    this.#times.set(tagKey(namespace, tag), this.#latest);
  }

  /** Was neither the type of the scope nor any of the tags invalidated after `since`? */
  isNoneAfter(since: number, { namespace, type }: Scope, tags: readonly string[]): boolean {
    if (since === this.#latest) return true; // nothing was invalidated at all
    if (since < this.#forgottenUntil) return false;
    const isUntouched = (tag: string) => (this.#times.get(tagKey(namespace, tag)) ?? 0) <= since;
    return isUntouched(type) && tags.every(isUntouched);
  }
}
