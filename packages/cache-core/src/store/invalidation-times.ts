import type { Scope } from '../keys/scope.ts';
import { tagKey } from '../keys/store-keys.ts';
import { TagTimes } from './tag-times.ts';

/** `TagTimes` of invalidations, by namespace and tag: a value ends with its type and with each of its tags. */
export class InvalidationTimes {
  readonly #times: TagTimes;

  constructor(maxTags?: number) {
    this.#times = new TagTimes(maxTags);
  }

  get latest(): number {
    return this.#times.latest;
  }

  add(namespace: string | undefined, tag: string): void {
    this.#times.add([tagKey(namespace, tag)]);
  }

  /** Was neither the type of the scope nor any of the tags invalidated after `since`? */
  isNoneAfter(since: number, { namespace, type }: Scope, tags: readonly string[]): boolean {
    if (since === this.#times.latest) return true; // nothing was invalidated at all: no name need be built
    const isNoneAfter = (tag: string) => this.#times.isNoneAfter(since, [tagKey(namespace, tag)]);
    return isNoneAfter(type) && tags.every(isNoneAfter);
  }

  forget(): void {
    this.#times.forget();
  }
}
