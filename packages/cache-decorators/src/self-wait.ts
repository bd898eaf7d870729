import { CacheConfigError } from '@huntly/cache-core';
import type { Shelf } from './shelf.ts';

interface Load {
  readonly shelf: Shelf;
  readonly key: string;
  readonly outer: Load | undefined;
}

/** The loads that are on the stack now, for all copies of this package. Empty again before anything else runs. */
interface Stack {
  innermost: Load | undefined;
}
const STACK_OF_ALL = Symbol.for('@huntly/cache-decorators/loads');
const stack = stackOfAll();

function stackOfAll(): Stack {
  const known = Reflect.get(globalThis, STACK_OF_ALL) as Stack | undefined;
  const all = known ?? { innermost: undefined };
  if (!known) Object.defineProperty(globalThis, STACK_OF_ALL, { value: all });
  return all;
}

/** Calls a method as the load of a key; what it calls before its first `await` is seen by `refuseSelfWait`. */
export function callAsLoad<T>(shelf: Shelf, identifier: unknown, method: () => T): T {
  const outer = stack.innermost;
  stack.innermost = { shelf, key: shelf.keyOf(identifier), outer };
  try {
    return method();
  } finally {
    stack.innermost = outer;
  }
}

/**
 * A cached method that calls another one of the same key, as an override may call `super`, would wait for its own end.
 * Only seen where the call comes before the first `await`.
 * @throws CacheConfigError
 */
export function refuseSelfWait(shelf: Shelf, identifier: unknown): void {
  if (stack.innermost === undefined || !shelf.cache.enabled) return;
  const key = shelf.keyOf(identifier);
  for (let load: Load | undefined = stack.innermost; load !== undefined; load = load.outer) {
    if (load.shelf.cache !== shelf.cache || load.key !== key) continue;
    throw new CacheConfigError([
      'a cached method calls one that is cached under the same key, such as its super method, and would wait for itself; decorate only one of them, or give them different keys',
    ]);
  }
}
