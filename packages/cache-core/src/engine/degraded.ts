import { CacheError, LoaderTimeoutError } from '../errors.ts';
import type { TypeContext } from './engine.ts';
import type { LastSeen } from './last-seen.ts';
import type { ReadRequest } from './read-request.ts';

/** Answers reads of one type with what this process saw last, while neither the store nor the source has an answer. */
export class Degraded {
  readonly #context: TypeContext;
  readonly #lastSeen: LastSeen;
  readonly #maxAgeMs: number;

  constructor(context: TypeContext, maxAgeMs: number) {
    this.#context = context;
    this.#lastSeen = context.engine.lastSeen;
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * @throws the error of the read where nothing was seen: what the store answered is forgotten unless it was a fresh
   * value.
   */
  async insteadOfError<T>({ key, options }: ReadRequest, read: Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (error) {
      const isOfSource = LoaderTimeoutError.is(error) || !CacheError.is(error);
      if (!isOfSource || options.force || options.signal?.aborted) throw error;
      const seen = await this.#find(key.text);
      if (seen === undefined) throw error;
      this.#context.observer.count('degraded', key.text);
      return seen.value as T;
    }
  }

  async #find(key: string): Promise<{ value: unknown } | undefined> {
    const { engine, type, observer } = this.#context;
    const bytes = this.#lastSeen.find(key, engine.clock.now() - this.#maxAgeMs);
    if (bytes === undefined) return undefined;
    try {
      return { value: await type.codec.decode(bytes) };
    } catch (error) {
      observer.count('unreadable', key, error);
      return undefined;
    }
  }
}
