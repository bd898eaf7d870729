import { type StoreKey, tagKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';

/** Bounds what is remembered (P7): some 100 keys with 1,000 tags, or 30,000 with two. */
const MAX_BYTES = 8 * 1024 * 1024;
/** What a text costs besides its characters. */
const OVERHEAD_BYTES = 24;

interface Remembered {
  /** All tags of the value, that of the type among them. */
  readonly tags: readonly string[];
  readonly names: readonly string[];
  readonly bytes: number;
}

/**
 * The names under which the nonces of a value's tags stand. Those that a key had when it was last read are remembered:
 * they are asked for together with the value, so that a hit stays one round trip; and a value of 1,000 tags does not
 * build their names for each hit.
 */
export class NonceNames {
  readonly #seen = new LRUCache<string, Remembered>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ bytes }, key) => bytes + key.length + OVERHEAD_BYTES,
  });

  forget(): void {
    this.#seen.clear();
  }

  /** What will probably be needed for this key. */
  expectedFor(key: string): readonly string[] {
    return this.#seen.get(key)?.names ?? [];
  }

  /** The names of the tags of a value, in their order. */
  of({ text, scope }: StoreKey, pairs: readonly (readonly [tag: string, nonce: string])[]): readonly string[] {
    const known = this.#seen.peek(text);
    if (known && hasTags(known.tags, pairs)) return known.names;
    const tags = pairs.map(([tag]) => tag);
    const names = tags.map((tag) => tagKey(scope.namespace, tag));
    if (tags.length > 1) this.#seen.set(text, { tags, names, bytes: bytesOf(tags) + bytesOf(names) }); // not the type alone
    return names;
  }
}

function hasTags(tags: readonly string[], pairs: readonly (readonly [tag: string, nonce: string])[]): boolean {
  return tags.length === pairs.length && tags.every((tag, index) => tag === pairs[index]?.[0]);
}

function bytesOf(texts: readonly string[]): number {
  return texts.reduce((total, text) => total + text.length + OVERHEAD_BYTES, 0);
}
