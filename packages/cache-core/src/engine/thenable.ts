import { isThenable } from '../at-once.ts';
import type { ArrivedEntry, ManyEntry } from './many.ts';

/** The entries with the values of their promises. All are awaited together: one that failed later would be nobody's. */
export async function allArrived<T, I>(entries: readonly ManyEntry<T, I>[]): Promise<readonly ArrivedEntry<T, I>[]> {
  const isArrived = (entry: ManyEntry<T, I>): entry is ArrivedEntry<T, I> => !isThenable(entry[1]);
  if (entries.every(isArrived)) return entries;
  return Promise.all(entries.map(async ([identifier, value, options]) => [identifier, await value, options] as const));
}
