/**
 * A read of an entry with a tag: two commands, the value and the nonce of its tag, on two nodes of a Cluster. Either may run first, and
 * anything may happen between them. The read begins when the first of them runs: beginning earlier would only promise less.
 */
import { staleRead, version } from './actors.ts';
import type { Take } from './explore.ts';

/** Nonces are random; here, small numbers that nobody draws twice. 0 is none. */
export const ABSENT = 0;

export interface Entry {
  readonly version: number;
  readonly nonce: number;
}

/** A read between its two commands. `nonce` is the one it found, in the header of the value or under the key of the tag. */
interface Read {
  readonly has: 'value' | 'nonce';
  readonly version: number;
  readonly nonce: number;
  readonly floor: number;
}

export interface Tagged {
  readonly value: Entry | undefined;
  readonly nonce: number;
  /** The newest version whose invalidation has completed: no later read may return an older one. */
  readonly floor: number;
  readonly read: Read | undefined;
}

/** Is an entry with this nonce in its header valid, now that the tag's is the other? */
export type Compare = (header: number, current: number) => boolean;

/** A read that can no longer return a stale value is not followed: nothing hangs on it. */
export function readSteps<S extends Tagged>(state: S, isValid: Compare, take: Take<S>): void {
  const { value, nonce, floor, read } = state;
  if (read?.has === 'value') {
    const isHit = isValid(read.nonce, nonce);
    const label = `the read gets the nonce → ${isHit ? `hit ${version(read.version)}` : 'miss'}`;
    return take(label, { ...state, read: undefined }, isHit ? staleRead(read.version, read.floor) : undefined);
  }
  if (read?.has === 'nonce') {
    const isHit = value !== undefined && isValid(value.nonce, read.nonce);
    const label = `the read gets the value → ${isHit ? `hit ${version(value.version)}` : 'miss'}`;
    return take(label, { ...state, read: undefined }, isHit ? staleRead(value.version, read.floor) : undefined);
  }
  if (value !== undefined && value.version < floor) {
    take(`a read begins, gets ${version(value.version)}`, {
      ...state,
      read: { has: 'value', version: value.version, nonce: value.nonce, floor },
    });
  }
  if (floor > 0 && nonce !== ABSENT)
    take('a read begins, gets the nonce', { ...state, read: { has: 'nonce', version: 0, nonce, floor } });
}

/** A read that has a stale value needs only the nonce to go wrong, whatever its floor. */
export function readCode(read: Read | undefined): number {
  if (read === undefined) return 0;
  return read.has === 'value' ? 1 : 1 + read.floor;
}
