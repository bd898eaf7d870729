import type { Clock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Call, ReadReply, Store, StoreKey } from '../store/store.ts';
import { nextTick } from '../timers.ts';
import { type Deferred, deferred } from './deferred.ts';

/** Keys in one call of the store: larger batches would delay other requests. */
const MAX_KEYS = 500;
const ABSENT: ReadReply = { kind: 'absent' };

/** What the store says of a key; that it says nothing is an error. */
export type Answered = Exclude<ReadReply, { kind: 'unavailable' }>;

/** The one reading of a key in a batch, shared by all who ask for it. */
interface Asked {
  readonly key: StoreKey;
  readonly answer: Deferred<Answered>;
}

interface Batch {
  readonly asked: Map<string, Asked>;
  /** The largest budget of those in it. */
  budgetMs: number;
}

/**
 * Gathers the reads of one tick into one `read` of the store, equal keys once. Each reader has its reply as soon as the
 * store has it. A read that was sent is never joined: a reader that comes later may only see what is in the store later
 * (P1).
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

  /** @throws StoreUnavailableError, or the error of the store, where this key has no answer */
  read(key: StoreKey, call: Call): Promise<Answered> {
    const { budgetMs } = call;
    if (this.#gathering && this.#gathering.asked.size >= MAX_KEYS) this.#gathering = undefined;
    this.#gathering ??= this.#newBatch();
    const batch = this.#gathering;
    const asked = batch.asked.get(key.text) ?? { key, answer: deferred<Answered>() };
    batch.asked.set(key.text, asked);
    batch.budgetMs = Math.max(batch.budgetMs, budgetMs);
    // The deadline of the batch is the guard's. A timer of its own is only for a reader that has spent some of its
    // time.
    const { promise } = asked.answer;
    return budgetMs < this.#fullBudgetMs ? this.#within(budgetMs, promise) : promise;
  }

  #newBatch(): Batch {
    const batch: Batch = { asked: new Map(), budgetMs: 0 };
    // A tick callback of Node runs when the promise callbacks that are due have run, so it gathers their reads as well.
    nextTick(() => void this.#send(batch));
    return batch;
  }

  /** Never rejects. */
  async #send(batch: Batch): Promise<void> {
    if (this.#gathering === batch) this.#gathering = undefined;
    const all = [...batch.asked.values()];
    const { budgetMs } = batch;
    const onReply = (index: number, reply: ReadReply) => settle(all[index], reply);
    try {
      const keys = all.map(({ key }) => key);
      const replies = await this.#store.read(keys, { budgetMs, onReply });
      for (const [index, asked] of all.entries()) settle(asked, replies[index] ?? ABSENT);
    } catch (error) {
      for (const { answer } of all) answer.reject(error);
    }
  }

  #within<T>(budgetMs: number, replies: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new StoreUnavailableError('The request has no time left for the store.'));
      const cancel = this.#clock.after(Math.max(0, budgetMs), () => this.#clock.afterArrivals(giveUp));
      replies.then(resolve, reject).finally(cancel);
    });
  }
}

/** The first reply counts. */
function settle(asked: Asked | undefined, reply: ReadReply): void {
  if (reply.kind === 'unavailable') asked?.answer.reject(reply.error);
  else asked?.answer.resolve(reply);
}
