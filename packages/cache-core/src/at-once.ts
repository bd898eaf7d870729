import { types } from 'node:util';
import { CacheConfigError } from './errors.ts';

/**
 * What a callback of an option answered, which is needed at once. A promise of it is refused: it would count as true, as no tags or as a bad
 * number, and where it rejects the process would end. For packages that take callbacks.
 * @throws CacheConfigError for a promise, whose rejection is then nobody's to handle
 * @example if (atOnce('condition', condition(value)) === true) store(value);
 */
export function atOnce<T>(callback: string, answer: T): T {
  if (!isThenable(answer)) return answer;
  ignoreRejection(answer);
  throw new CacheConfigError([
    `${callback} must answer at once, but it returned a promise. Give a function that is not async; load what it needs beforehand`,
  ]);
}

/** Is it declared as an async function? What a compiler made of one for old targets is only seen by its answer. */
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
 * A rejection that is nobody's to handle would end the process. Only of a native promise: `then` of another may be what begins its work, as that of
 * a query builder.
 */
export function ignoreRejection(answer: unknown, onRejected: (error: unknown) => void = ignored): void {
  if (types.isPromise(answer)) answer.then(ignored, onRejected);
}

function ignored(): void {}
