import { isThenable } from '../at-once.ts';

/** The pairs with the values of their promises. All are awaited together: one that failed later would be nobody's. */
export async function allArrived<I, T>(
  pairs: readonly (readonly [I, T | PromiseLike<T>])[],
): Promise<readonly (readonly [I, T])[]> {
  const isArrived = (pair: readonly [I, T | PromiseLike<T>]): pair is readonly [I, T] => !isThenable(pair[1]);
  if (pairs.every(isArrived)) return pairs;
  return Promise.all(pairs.map(async ([identifier, value]) => [identifier, await value] as const));
}
