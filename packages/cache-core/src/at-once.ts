import { types } from 'node:util';
import { CacheConfigError } from './errors.ts';

/**
 * Returns what a callback of an option answered, which is needed at once. A promise is refused: it would count as true,
 * as no tags or as a bad number, and its rejection would end the process. For packages that take callbacks.
 * @throws CacheConfigError for a promise, whose rejection is ignored
 * @example if (atOnce('condition', condition(value)) === true) store(value);
 */
export function atOnce<T>(callback: string, answer: T): T {
  if (!isThenable(answer)) return answer;
  ignoreRejection(answer);
  throw new CacheConfigError([
    `${callback} must answer at once, but it returned a promise. Give a function that is not async; load what it needs beforehand`,
  ]);
}

/**
 * Is it declared `async`? A function that was compiled for old targets is recognised only by the promise it returns.
 */
export function isAsyncFunction(value: unknown): boolean {
  return types.isAsyncFunction(value);
}

/**
 * A promise, or what `await` takes for one, such as a query that is not sent yet. Stored as it is, it would come back
 * as `{}`.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return 'then' in value && typeof value.then === 'function';
}

/**
 * Keeps a rejection that no caller handles from ending the process. Native promises only: calling `then` of another
 * thenable may begin its work, as that of a query builder does.
 */
export function ignoreRejection(answer: unknown, onRejected: (error: unknown) => void = ignored): void {
  if (types.isPromise(answer)) answer.then(ignored, onRejected);
}

function ignored(): void {}
