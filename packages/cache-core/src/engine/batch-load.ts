import { CacheConfigError, kindOf } from '../errors.ts';
import { type Deferred, deferred } from './deferred.ts';

/**
 * Loads what is missing of several values: a map by identifier, or an array in the order of `missing`. An `Error` in it fails
 * that value alone; what is left out, or `undefined`, is not cached.
 */
export type BatchLoader<T, I> = (
  missing: readonly I[],
  context: { readonly signal: AbortSignal },
) => BatchResult<T, I> | Promise<BatchResult<T, I>>;

type BatchResult<T, I> = ReadonlyMap<I, T | Error> | readonly (T | Error | undefined)[];

interface Wanted<T, I> {
  readonly identifier: I;
  readonly signal: AbortSignal;
  readonly answer: Deferred<T>;
}

/**
 * Makes one call of a batch loader out of the loads of several keys. Each key is read, leased, joined and filled by itself, so
 * it keeps every promise that a single read has; only their loads travel together. The first call is made when each key has
 * turned out to be there, to be loaded here, or to be loaded by another: nobody is waited for who waits for others.
 */
export class BatchLoad<T, I> {
  readonly #load: BatchLoader<T, I>;
  #undecided: number;
  #wanted: Wanted<T, I>[] = [];
  #isDue = false;

  constructor(size: number, load: BatchLoader<T, I>) {
    this.#undecided = size;
    this.#load = load;
  }

  /** For one key: what to call when it is decided, as often as one likes. */
  member(): () => void {
    let isDecided = false;
    return () => {
      if (isDecided) return;
      isDecided = true;
      this.#undecided--;
      this.#send();
    };
  }

  /** The loader of one key. `decided` is that of its member. */
  load(identifier: I, signal: AbortSignal, decided: () => void): Promise<T> {
    const answer = deferred<T>();
    this.#wanted.push({ identifier, signal, answer });
    decided();
    this.#send();
    return answer.promise;
  }

  /** At the end of the tick, so that latecomers of one moment travel together as well. */
  #send(): void {
    if (this.#isDue || this.#undecided > 0 || this.#wanted.length === 0) return;
    this.#isDue = true;
    process.nextTick(() => {
      const wanted = this.#wanted;
      this.#wanted = [];
      this.#isDue = false;
      void this.#call(wanted);
    });
  }

  async #call(wanted: readonly Wanted<T, I>[]): Promise<void> {
    const [first] = wanted;
    if (!first) return;
    try {
      const missing = wanted.map(({ identifier }) => identifier);
      const result = await this.#load(missing, { signal: first.signal });
      for (const [index, each] of wanted.entries()) settle(each.answer, resultOf(result, each.identifier, index));
    } catch (error) {
      for (const { answer } of wanted) answer.reject(error);
    }
  }
}

function resultOf<T, I>(result: BatchResult<T, I>, identifier: I, index: number): T | Error | undefined {
  if (result instanceof Map) return result.get(identifier);
  if (Array.isArray(result)) return result[index];
  throw new CacheConfigError([`loadMissing must return a Map or an array; got ${kindOf(result)}`]);
}

function settle<T>(answer: Deferred<T>, value: T | Error | undefined): void {
  if (value instanceof Error) answer.reject(value);
  else answer.resolve(value as T);
}
