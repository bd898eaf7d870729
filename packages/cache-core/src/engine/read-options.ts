import type { ResolvedType } from '../config/cache-types.ts';
import { CacheConfigError, KeyError, kindOf } from '../errors.ts';
import { didYouMean } from '../option-names.ts';
import { checkCallOptions, FILL_OPTIONS, type FillOptions } from './entry-builder.ts';

/** Per-call settings of a read that may load. */
export interface ReadOptions<V> extends FillOptions<V> {
  /**
   * Loads anew, whatever is stored. A load of the key that runs already is shared, as by every reader. Other readers go
   * on with the stored value, also if the load fails; its error is thrown to this caller. @default false
   */
  readonly force?: boolean | undefined;
  /**
   * When it is aborted, this caller stops waiting and gets the reason of the signal. Its loader is not called any more;
   * one that runs goes on for others and is stored: the `signal` of the loader is not this one. @default none
   */
  readonly signal?: AbortSignal | undefined;
}

/** Per-call settings of a read that never loads. */
export interface LookOptions {
  /** Also gives a stale value that is still stored: never waits, and begins no load. @default false */
  readonly stale?: boolean | undefined;
  /** When it is aborted, this caller stops waiting and gets the reason of the signal. @default none */
  readonly signal?: AbortSignal | undefined;
}

const READ_OPTIONS: readonly string[] = [...FILL_OPTIONS, 'force', 'signal'] satisfies (keyof ReadOptions<never>)[];
const LOOK_OPTIONS: readonly string[] = ['stale', 'signal'] satisfies (keyof LookOptions)[];

/**
 * @returns the tags that are known before the load.
 * @throws KeyError, CacheConfigError
 */
export function checkReadOptions(type: ResolvedType, options: ReadOptions<never>): readonly string[] {
  const tags = checkCallOptions(type, options, READ_OPTIONS);
  checkFlag('force', options.force);
  checkSignal(options.signal);
  return tags;
}

/** @throws KeyError, CacheConfigError */
export function checkLookOptions(options: LookOptions): void {
  if (typeof options !== 'object' || options === null)
    throw new KeyError(`The options must be an object such as { stale: true }; got ${kindOf(options)}.`);
  const unknown = Object.keys(options).find((name) => !LOOK_OPTIONS.includes(name));
  if (unknown !== undefined) {
    const meant = didYouMean([unknown], LOOK_OPTIONS) || '.';
    throw new KeyError(
      `${unknown} is no option of a read that does not load; its options are stale and signal${meant}`,
    );
  }
  checkFlag('stale', options.stale);
  checkSignal(options.signal);
}

function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean')
    throw new CacheConfigError([`${name} must be true or false; got ${kindOf(value)}`]);
}

/** Also one of another realm, or of a library. */
function checkSignal(value: unknown): void {
  if (value === undefined) return;
  const isSignal =
    typeof value === 'object' &&
    value !== null &&
    ['throwIfAborted', 'addEventListener', 'removeEventListener'].every(
      (name) => typeof Reflect.get(value, name) === 'function',
    );
  if (isSignal) return;
  const hint = value instanceof AbortController ? ': give its signal' : '';
  throw new CacheConfigError([`signal must be an AbortSignal; got ${kindOf(value)}${hint}`]);
}
