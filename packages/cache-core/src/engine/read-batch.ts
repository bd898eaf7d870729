import type { ReadReply, Store, StoreKey } from '../store/store.ts';

/**
 * Gathers the reads of one tick into one `read` of the store, equal keys once. A read that was sent is never joined: a
 * reader that comes later may only see what is in the store later (P1).
 */
export class ReadBatch {
  readonly #store: Store;
  #waiting: Map<string, StoreKey> | undefined;
  #replies: Promise<ReadonlyMap<string, ReadReply>> | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  async read(key: StoreKey): Promise<ReadReply> {
    this.#waiting ??= new Map();
    this.#waiting.set(key.text, key);
    this.#replies ??= this.#sendAtTheEndOfTheTick();
    return (await this.#replies).get(key.text) ?? { kind: 'absent' };
  }

  /** A tick callback of Node runs when the promise callbacks that are due have run, so it gathers their reads as well. */
  async #sendAtTheEndOfTheTick(): Promise<ReadonlyMap<string, ReadReply>> {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const keys = [...(this.#waiting ?? new Map<string, StoreKey>()).values()];
    this.#waiting = undefined;
    this.#replies = undefined;
    const replies = await this.#store.read(keys);
    const byKey = new Map<string, ReadReply>();
    for (const [index, reply] of replies.entries()) byKey.set(keys[index]?.text ?? '', reply);
    return byKey;
  }
}
