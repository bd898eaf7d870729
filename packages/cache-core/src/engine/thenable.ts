/**
 * A promise, or what `await` takes for one, such as a query that is not sent yet. Stored as it is, it would come back
 * as `{}`.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return 'then' in value && typeof value.then === 'function';
}

/** The pairs with the values of their promises. All are awaited together: one that failed later would be nobody's. */
export async function allArrived<I, T>(
  pairs: readonly (readonly [I, T | PromiseLike<T>])[],
): Promise<readonly (readonly [I, T])[]> {
  const isArrived = (pair: readonly [I, T | PromiseLike<T>]): pair is readonly [I, T] => !isThenable(pair[1]);
  if (pairs.every(isArrived)) return pairs;
  return Promise.all(pairs.map(async ([identifier, value]) => [identifier, await value] as const));
}
