import type { Clock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Call, ReadReply, Store, StoreKey } from '../store/store.ts';
import { nextTick } from '../timers.ts';

/** Keys that travel in one call of the store: more would hold up everybody else's. */
const MAX_KEYS = 500;

interface Batch {
  readonly keys: Map<string, StoreKey>;
  /** The largest budget of those in it. */
  budgetMs: number;
  readonly replies: Promise<ReadonlyMap<string, ReadReply>>;
}

/**
 * Gathers the reads of one tick into one `read` of the store, equal keys once. A read that was sent is never joined: a
 * reader that comes later may only see what is in the store later (P1).
 */
export class ReadBatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #fullBudgetMs: number;
  #gathering: Batch | undefined;

  constructor(store: Store, clock: Clock, fullBudgetMs: number) {
    this.#store = store;
    this.#clock = clock;
    this.#fullBudgetMs = fullBudgetMs;
  }

  async read(key: StoreKey, call: Call): Promise<ReadReply> {
    const { budgetMs } = call;
    if (this.#gathering && this.#gathering.keys.size >= MAX_KEYS) this.#gathering = undefined;
    this.#gathering ??= this.#newBatch();
    const batch = this.#gathering;
    batch.keys.set(key.text, key);
    batch.budgetMs = Math.max(batch.budgetMs, budgetMs);
    // The deadline of the batch is the guard's. A timer of its own is only for a reader that has spent some of its time.
    const replies = await (budgetMs < this.#fullBudgetMs ? this.#within(budgetMs, batch.replies) : batch.replies);
    return replies.get(key.text) ?? { kind: 'absent' };
  }

  #newBatch(): Batch {
    const keys = new Map<string, StoreKey>();
    const batch: Batch = { keys, budgetMs: 0, replies: endOfTick().then(() => this.#send(batch)) };
    return batch;
  }

  async #send(batch: Batch): Promise<ReadonlyMap<string, ReadReply>> {
    if (this.#gathering === batch) this.#gathering = undefined;
    const keys = [...batch.keys.values()];
    const replies = await this.#store.read(keys, batch);
    const byKey = new Map<string, ReadReply>();
    for (const [index, reply] of replies.entries()) byKey.set(keys[index]?.text ?? '', reply);
    return byKey;
  }

  #within<T>(budgetMs: number, replies: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new StoreUnavailableError('The request has no time left for the store.'));
      const cancel = this.#clock.after(Math.max(0, budgetMs), () => this.#clock.afterArrivals(giveUp));
      replies.then(resolve, reject).finally(cancel);
    });
  }
}

/** A tick callback of Node runs when the promise callbacks that are due have run, so it gathers their reads as well. */
function endOfTick(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}
