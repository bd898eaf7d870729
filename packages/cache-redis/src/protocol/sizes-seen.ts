import type { StoreKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';

/** A value of this size is worth remembering by its key. */
const LARGE_BYTES = 16 * 1024;
const MAX_KEYS = 1_000;
const MAX_TYPES = 1_000;
/** The share of the latest value in the average of its type. */
const WEIGHT = 0.1;

/** How large values were when they were last read: keys with large values by themselves, all others by their type. */
export class SizesSeen {
  readonly #ofKeys = new LRUCache<string, number>({ max: MAX_KEYS });
  readonly #ofTypes = new LRUCache<string, number>({ max: MAX_TYPES });

  note({ text, scope }: StoreKey, bytes: number): void {
    const type = typeName(scope);
    const before = this.#ofTypes.get(type);
    const average = before === undefined ? bytes : before + (bytes - before) * WEIGHT;
    this.#ofTypes.set(type, average);
    if (bytes >= LARGE_BYTES || average >= LARGE_BYTES) this.#ofKeys.set(text, bytes);
    else this.#ofKeys.delete(text);
  }

  /** In bytes; `undefined` if no value of its type was read yet. */
  expect({ text, scope }: StoreKey): number | undefined {
    return this.#ofKeys.get(text) ?? this.#ofTypes.get(typeName(scope));
  }
}

function typeName({ namespace = '', type }: StoreKey['scope']): string {
  return `${namespace}\n${type}`;
}
