import { ignoreRejection } from '../at-once.ts';
import { KeyError, kindOf } from '../errors.ts';
import type { FillOptions } from './entry-builder.ts';

/** Values in one call; split more of them into several calls. */
const MAX_MANY = 10_000;
/** Keys per batch; larger batches would delay other requests. */
const CHUNK = 500;

/** A value of `setMany`, and what it is stored with besides the options of the call. */
export type ManyEntry<T, I> = readonly [identifier: I, value: T | PromiseLike<T>, options?: FillOptions<T> | undefined];
/** The same once the value is there. */
export type ArrivedEntry<T, I> = readonly [identifier: I, value: T, options?: FillOptions<T> | undefined];

/** How `setMany` stores its values. */
export interface SetManyOptions<T, I> extends FillOptions<T> {
  /** Is told the identifiers of the values that were not stored, if there are any, before `setMany` resolves. */
  readonly onNotStored?: ((identifiers: readonly I[]) => void) | undefined;
}

/** Works off a long list in parts, one after another. */
export async function inChunks<A, B>(
  all: readonly A[],
  work: (chunk: readonly A[]) => Promise<readonly B[]>,
): Promise<B[]> {
  const results: B[] = [];
  for (let done = 0; done < all.length; done += CHUNK) results.push(...(await work(all.slice(done, done + CHUNK))));
  return results;
}

/** @throws KeyError */
export function entriesOf<E extends readonly unknown[]>(entries: Iterable<E>): E[] {
  if (typeof entries?.[Symbol.iterator] !== 'function')
    throw new KeyError(`The entries must be pairs of identifier and value; got ${kindOf(entries)}.`);
  const all = [...entries];
  for (const entry of all) if (Array.isArray(entry)) ignoreRejection(entry[1]); // if another is bad, nobody awaits it
  checkMany(all);
  const bad = all.find((entry) => !Array.isArray(entry));
  if (bad !== undefined) throw new KeyError(`An entry must be a pair of identifier and value; got ${kindOf(bad)}.`);
  const long = all.find(({ length }) => length > 3);
  if (long !== undefined)
    throw new KeyError(
      `An entry must be [identifier, value] or [identifier, value, options]; got ${long.length} elements.`,
    );
  return all;
}

/** @throws KeyError */
export function checkMany(list: readonly unknown[]): void {
  if (!Array.isArray(list)) throw new KeyError(`The identifiers must be an array; got ${kindOf(list)}.`);
  if (list.length > MAX_MANY)
    throw new KeyError(`At most ${MAX_MANY} values at a time; got ${list.length}. Split the call.`);
}

/** @throws KeyError. All other checks of the options are those of `set`. */
export function checkOnNotStored<O extends SetManyOptions<never, never>>(options: O): O {
  if (options === null || typeof options !== 'object') {
    throw new KeyError(`The options must be an object such as { ttl: '5m' }; got ${kindOf(options)}.`);
  }
  const onNotStored: unknown = options.onNotStored;
  if (onNotStored !== undefined && typeof onNotStored !== 'function')
    throw new KeyError(`onNotStored must be a function; got ${kindOf(onNotStored)}.`);
  return options;
}
