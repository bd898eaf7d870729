import type { Clock } from '@huntly/cache-core';

const MAX_KEYS = 10_000;
/** For all keys together: a key is as long as its URL. Digests instead would have to be made for each request. */
const MAX_CHARACTERS = 4_000_000;

/**
 * Why there is no response to wait for. `unstorable`: each request needs one of its own. `failed`: the next one may be
 * stored again, and a source in trouble is not to be asked by all at once.
 */
export type MissReason = 'unstorable' | 'failed';

interface Miss {
  readonly reason: MissReason;
  readonly until: number;
}

/**
 * Keys whose response could not be stored, remembered for a while: requests for one of them do not wait for a response
 * that others make. Bounded; the oldest goes first.
 */
export class HitForMiss {
  readonly #clock: Clock;
  readonly #misses = new Map<string, Miss>();
  readonly #listeners = new Map<string, Set<() => void>>();
  #characters = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  remember(key: string, forMs: number, reason: MissReason): void {
    this.forget(key);
    this.#misses.set(key, { reason, until: this.#clock.now() + forMs });
    this.#characters += key.length;
    for (const listener of this.#listeners.get(key) ?? []) listener();
    for (const oldest of this.#misses.keys()) {
      if (this.#misses.size <= MAX_KEYS && this.#characters <= MAX_CHARACTERS) return;
      this.forget(oldest);
    }
  }

  /** `undefined`: its response may be worth waiting for. */
  of(key: string): MissReason | undefined {
    const miss = this.#misses.get(key);
    if (miss === undefined) return undefined;
    if (miss.until > this.#clock.now()) return miss.reason;
    this.forget(key);
    return undefined;
  }

  /**
   * The cache offers a response that is not stored to one waiting request after the other. They go on at once as soon
   * as one of them knows better.
   */
  unlessRemembered<T>(key: string, ask: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const stop = this.#onRemembered(key, () => {
        stop();
        resolve(undefined);
      });
      // Not `finally`: it makes three more promises, for each hit.
      const stopped =
        <A>(settle: (answer: A) => void) =>
        (answer: A) => {
          stop();
          settle(answer);
        };
      ask().then(stopped(resolve), stopped(reject));
    });
  }

  /**
   * Calls `listener` when the key is remembered: requests that wait for its response can go on then.
   * @returns what stops it
   */
  #onRemembered(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  forget(key: string): void {
    if (this.#misses.delete(key)) this.#characters -= key.length;
  }
}
