import { LRUCache } from 'lru-cache';
import type { EntryId, Target } from '../store/store.ts';

/** Of keys, two bytes a character, and encoded values; and what each costs besides. */
const MAX_BYTES = 16 * 1024 * 1024;
const OVERHEAD_BYTES = 200;

interface Seen {
  /** `undefined`: of a load, not of the store. */
  readonly id: EntryId | undefined;
  readonly bytes: Uint8Array;
  /** The value was current then, or later. */
  readonly at: number;
}

/** A moment before a value is asked for. */
export interface Sight {
  readonly at: number;
  readonly generation: number;
}

/**
 * What a process saw last of the values of types with `degraded`, encoded. Nothing that this process changed itself is
 * in here, and nothing that the store, when it was last asked, did not have as a fresh value. Bounded by bytes, over a
 * cache and its children (P7).
 */
export class LastSeen {
  #values: LRUCache<string, Seen> | undefined;
  #generation = 0;
  #isClosed = false;

  /** To be called before the value is asked for: what is changed after it is not kept (P1). */
  begin(at: number): Sight {
    return { at, generation: this.#generation };
  }

  see(key: string, { at, generation }: Sight, bytes: Uint8Array, id?: EntryId): void {
    if (generation !== this.#generation || this.#isClosed) return;
    const known = this.#values?.peek(key);
    const isSame = id !== undefined && known?.id === id;
    this.#values ??= new LRUCache({
      maxSize: MAX_BYTES,
      sizeCalculation: (seen, text) => seen.bytes.byteLength + text.length * 2 + OVERHEAD_BYTES,
    });
    // A copy: the bytes of one value are a part of the whole reply of a server, which they would keep.
    this.#values.set(key, { id, bytes: isSame ? known.bytes : Buffer.from(bytes), at });
  }

  find(key: string, since: number): Uint8Array | undefined {
    const seen = this.#values?.get(key);
    return seen !== undefined && seen.at >= since ? seen.bytes : undefined;
  }

  delete(key: string): void {
    this.#values?.delete(key);
  }

  /** This process changes these itself. Which values carry a tag is not known here: all go. */
  drop(targets: readonly Target[]): void {
    this.#generation++;
    for (const target of targets) {
      if (target.kind === 'tag') return this.forget();
      this.delete(target.key.text);
    }
  }

  forget(): void {
    this.#generation++;
    this.#values?.clear();
  }

  close(): void {
    this.#isClosed = true;
    this.forget();
  }
}
