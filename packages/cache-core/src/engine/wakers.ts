import { deferred } from './deferred.ts';

/** A wait that an announcement may end. It only says "look again", never what there is to see. */
export interface Wait {
  readonly promise: Promise<void>;
  /** Ends the wait without waking anybody: to be called whenever something else was faster. May be called twice. */
  cancel(): void;
}

/** Those who wait for news of a key: a caller each, so their number is that of waiting callers. */
export class Wakers {
  readonly #byKey = new Map<string, Set<() => void>>();

  /** How many wait. */
  get size(): number {
    let total = 0;
    for (const wakers of this.#byKey.values()) total += wakers.size;
    return total;
  }

  waitFor(key: string): Wait {
    const { promise, resolve } = deferred<void>();
    const wake = () => resolve();
    const wakers = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, wakers.add(wake));
    const cancel = () => {
      wakers.delete(wake);
      if (wakers.size === 0 && this.#byKey.get(key) === wakers) this.#byKey.delete(key);
    };
    return { promise, cancel };
  }

  wake(key: string): void {
    const wakers = this.#byKey.get(key);
    if (wakers === undefined) return;
    this.#byKey.delete(key);
    for (const wake of wakers) wake();
  }

  wakeAll(): void {
    for (const key of [...this.#byKey.keys()]) this.wake(key);
  }
}
