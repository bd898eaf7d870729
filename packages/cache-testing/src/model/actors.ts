/** What every model shares: who acts, what they are held to, and how a state is changed. */

/**
 * The promises a model can hold the protocol to. P1: nothing stale after an invalidation, whatever is lost or late.
 * P3: as long as nothing is lost, one load at a time, and nobody waits for a load that is over or in vain.
 */
export type Promised = 'P1' | 'P3';

/** Loaders and readers are called A, B, C. */
export const letter = (index: number): string => String.fromCharCode(65 + index);

/** Writers are called W1, W2. */
export const writerName = (index: number): string => `W${index + 1}`;

/** What the source holds: `v0` before the first writer committed. */
export const version = (number: number): string => `v${number}`;

/**
 * P1. The source is a register: each writer commits a version and calls `invalidate` in one step, so a value is of version v exactly when
 * its source read began after the call for v and before the next. (A pause between commit and call only lets more loads see the new
 * version: it adds no violation.) `floor` is the newest version whose invalidation had completed when the read began.
 */
export function staleRead(found: number, floor: number): string | undefined {
  if (found >= floor) return undefined;
  return `a read that began after the invalidation for ${version(floor)} completed returns ${version(found)}`;
}

/** The list with one member changed. */
export function changed<T>(list: readonly T[], index: number, change: Partial<T>): readonly T[] {
  const copy = [...list];
  const item = copy[index];
  if (item !== undefined) copy[index] = { ...item, ...change };
  return copy;
}
