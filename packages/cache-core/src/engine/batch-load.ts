import { AsyncResource } from 'node:async_hooks';
import { ignoreRejection } from '../at-once.ts';
import { CacheConfigError, kindOf } from '../errors.ts';
import { nextTick } from '../timers.ts';
import type { BatchMapCheck } from './batch-map.ts';
import { type Deferred, deferred } from './deferred.ts';
import { RunningLoad } from './running-load.ts';

/**
 * Loads what is missing of several values: a map by identifier, or an array with one element for each of `missing`, in
 * its order. An `Error` in it fails that value alone; what a map leaves out, or `undefined`, is not cached.
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
  readonly load: RunningLoad | undefined;
}

/**
 * Makes one call of a batch loader out of the loads of several keys. Each key is read, leased, joined and filled by
 * itself, so it keeps every promise that a single read has; only their loads travel together. The first call is made
 * when each key has turned out to be there, to be loaded here, or to be loaded by another: no load waits for one that
 * itself waits.
 */
export class BatchLoad<T, I> {
  readonly #load: BatchLoader<T, I>;
  readonly #mapCheck: BatchMapCheck;
  /** The asynchronous context of the request. */
  readonly #request = new AsyncResource('huntly-batch');
  #isAnswered = false;
  #undecided: number;
  #wanted: Wanted<T, I>[] = [];
  #isDue = false;

  constructor(size: number, load: BatchLoader<T, I>, mapCheck: BatchMapCheck) {
    this.#undecided = size;
    this.#load = load;
    this.#mapCheck = mapCheck;
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
    this.#wanted.push({ identifier, signal, answer, load: RunningLoad.current() });
    decided();
    this.#send();
    return answer.promise;
  }

  /** The request has its values: what loads from here on is not its own, and runs without its `AsyncLocalStorage`. */
  end(): void {
    this.#isAnswered = true;
  }

  /** At the end of the tick, so that latecomers of one moment travel together as well. */
  #send(): void {
    if (this.#isDue || this.#undecided > 0 || this.#wanted.length === 0) return;
    this.#isDue = true;
    nextTick(() => {
      const wanted = this.#wanted;
      this.#wanted = [];
      this.#isDue = false;
      // A background refresh may be the last to ask; a load that the request waits for still runs in the request's
      // context.
      if (this.#isAnswered) void this.#call(wanted);
      else this.#request.runInAsyncScope(() => void this.#call(wanted));
    });
  }

  async #call(wanted: readonly Wanted<T, I>[]): Promise<void> {
    const [first] = wanted;
    if (!first) return;
    try {
      const missing = wanted.map(({ identifier }) => identifier);
      const load = RunningLoad.ofBatch(wanted.flatMap(({ load }) => load ?? []));
      const run = async () => this.#load(missing, { signal: first.signal });
      const result = await (load ? load.run(run) : run());
      ignoreRejections(result);
      if (result instanceof Map) this.#mapCheck.check(result, missing);
      const find = finder(result, missing.length);
      for (const [index, { identifier, answer }] of wanted.entries()) settle(answer, find(identifier, index));
    } catch (error) {
      for (const { answer } of wanted) answer.reject(error);
    }
  }
}

/** Of promises that stand for no key, or in a result that is refused: nobody awaits them, and they must not end the process. */
function ignoreRejections(result: BatchResult<unknown, unknown>): void {
  if (!(result instanceof Map) && !Array.isArray(result)) return; // refused by `finder`
  for (const value of result.values()) ignoreRejection(value);
}

/** @throws CacheConfigError: the rows of a query that finds fewer would end up under the identifiers of others. */
function finder<T, I>(
  result: BatchResult<T, I>,
  size: number,
): (identifier: I, index: number) => T | Error | undefined {
  if (result instanceof Map) return (identifier) => result.get(identifier);
  if (!Array.isArray(result))
    throw new CacheConfigError([`loadMissing must return a Map or an array; got ${kindOf(result)}`]);
  if (result.length === size) return (_, index) => result[index];
  throw new CacheConfigError([
    `an array of loadMissing must have one element for each missing identifier, ${size}; got ${result.length}. A Map may leave some out`,
  ]);
}

function settle<T>(answer: Deferred<T>, value: T | Error | undefined): void {
  if (value instanceof Error) answer.reject(value);
  else answer.resolve(value as T);
}
