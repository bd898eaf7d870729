import { CacheConfigError, type Duration, didYouMean, isAsyncFunction, toMilliseconds } from '@huntly/cache-core';

/** Collects what is wrong with the arguments of one function, so that one start shows all there is to mend. */
export class Checks {
  readonly problems: string[] = [];
  readonly #of: string;

  /** @param of the name of the function */
  constructor(of: string) {
    this.#of = of;
  }

  that(holds: boolean, problem: string): void {
    if (!holds) this.problems.push(problem);
  }

  cache(cache: unknown, methods: readonly string[]): void {
    const isCache = isObject(cache) && methods.every((name) => typeof Reflect.get(cache, name) === 'function');
    this.that(isCache, `${this.#of} must be given a Cache or a CacheManager`);
  }

  /**
   * A misspelt option would be ignored in silence. What is for tests is taken, and not offered.
   * @throws CacheConfigError for no options
   */
  names(options: unknown, offered: readonly string[], forTests: readonly string[] = []): void {
    if (!isObject(options) || Array.isArray(options)) {
      throw new CacheConfigError([...this.problems, `the options of ${this.#of} must be an object`]);
    }
    const unknown = Object.keys(options).filter((name) => !offered.includes(name) && !forTests.includes(name));
    if (unknown.length === 0) return;
    const none = unknown.length === 1 ? 'is no option' : 'are no options';
    const meant = didYouMean(unknown, offered);
    this.problems.push(`${unknown.join(', ')} ${none} of ${this.#of}; its options are ${offered.join(', ')}${meant}`);
  }

  flag(name: string, value: unknown): void {
    this.that(value === undefined || typeof value === 'boolean', `${name} must be true or false`);
  }

  text(name: string, value: unknown): void {
    this.that(
      value === undefined || (typeof value === 'string' && value !== ''),
      `${name} must be a text that is not empty`,
    );
  }

  callable(name: string, value: unknown, of: string): void {
    this.that(value === undefined || typeof value === 'function', `${name} must be a function of ${of}`);
  }

  /** For a callback whose answer is needed at once. */
  atOnce(name: string, value: unknown): void {
    this.that(!isAsyncFunction(value), `${name} must be a function that is not async: its answer is needed at once`);
  }

  wholeNumber(name: string, value: unknown, atMost = Number.MAX_SAFE_INTEGER): void {
    const isCount = Number.isSafeInteger(value) && Number(value) > 0;
    this.that(value === undefined || isCount, `${name} must be a whole number above 0`);
    this.that(!isCount || Number(value) <= atMost, `${name} must be at most ${atMost}; got ${String(value)}`);
  }

  clock(clock: unknown): void {
    const isClock = isObject(clock) && ['now', 'epoch', 'after'].every((name) => name in clock);
    this.that(clock === undefined || isClock, 'clock must be a Clock');
  }

  /** Its milliseconds; `undefined` where there is none. Give `MAX_WAIT` as `atMost` for a time that requests wait. */
  duration(name: string, value: unknown, atMost?: Duration): number | undefined {
    return value === undefined ? undefined : this.collect(() => toMilliseconds(name, value, atMost), 0);
  }

  /** What `make` makes, or `fallback` and its problems. */
  collect<T>(make: () => T, fallback: T): T {
    try {
      return make();
    } catch (error) {
      if (!CacheConfigError.is(error)) throw error;
      this.problems.push(...error.problems);
      return fallback;
    }
  }

  /** @throws CacheConfigError with everything that is wrong */
  done(): void {
    if (this.problems.length > 0) throw new CacheConfigError(this.problems);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
