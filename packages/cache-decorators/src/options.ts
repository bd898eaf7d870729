import type { Duration, Identifier } from '@huntly/cache-core';
import type { ArgumentsOf, ResultOf } from './method-types.ts';

/** What of a call names its value. It is called with the `this` of the method. */
export type KeyFunction<M, Id> = (...args: ArgumentsOf<M>) => Id;

/** Settings of a cached method `M`. Each function is called with the `this` of the method. */
export interface ResultOptions<M> {
  /** How long a result may be served. @default the TTL of the type */
  readonly ttl?: Duration | ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => Duration) | undefined;
  /** How long past its TTL a result may be served while it is refreshed. @default the grace of the type */
  readonly grace?: Duration | 0 | ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => Duration | 0) | undefined;
  /** Tags known before the method runs. @default none but those of the type */
  readonly tags?: readonly string[] | ((...args: ArgumentsOf<M>) => readonly string[]) | undefined;
  /** Further tags, known from the result. @default none */
  readonly resultTags?: ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => readonly string[]) | undefined;
  /** Other calls run as if there were no cache. @default all calls are cached */
  readonly condition?: ((...args: ArgumentsOf<M>) => boolean) | undefined;
  /** Such results are returned and not cached. @default none */
  readonly unless?: ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => boolean) | undefined;
  /** Stands in the default key instead of `Class.method`. */
  readonly name?: string | undefined;
  /** What of the arguments counts in the default key. @default all of them */
  readonly args?: ((...args: ArgumentsOf<M>) => readonly unknown[]) | undefined;
}

/** As `ResultOptions`, for decorators that have no parameter for a key function. */
export interface KeyedResultOptions<M, Id> extends ResultOptions<M> {
  /** What names the value of a call. */
  readonly key?: KeyFunction<M, Id> | undefined;
}

/** Settings of an invalidating method `M`. Each function is called with the `this` of the method. */
export interface InvalidateOptions<M, Id = unknown> {
  /** `'before'` the method runs, or after it succeeded. @default 'after' */
  readonly when?: 'before' | 'after' | undefined;
  /** Tags that are dropped as well. @default none */
  readonly tags?: readonly string[] | ((...args: ArgumentsOf<M>) => readonly string[]) | undefined;
  /**
   * Keys to drop that only the result tells, such as the id of what was created; not with `when: 'before'`. Without a
   * key function they are all that is dropped, instead of the whole type.
   * @default none
   * @example keys: (saved) => saved.map(({ id }) => id)
   */
  readonly keys?: ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => readonly Id[]) | undefined;
  /** Further tags, known from the result; not with `when: 'before'`. @default none */
  readonly resultTags?: ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => readonly string[]) | undefined;
  /** Other calls drop nothing. @default all calls do */
  readonly condition?: ((...args: ArgumentsOf<M>) => boolean) | undefined;
  /** After such results nothing is dropped; not with `when: 'before'`. @default none */
  readonly unless?: ((result: ResultOf<M>, ...args: ArgumentsOf<M>) => boolean) | undefined;
  /**
   * For `lead` of a manager: drop all searches, since a change may bring a lead into one that does not show it yet.
   * @default false
   */
  readonly allSearches?: boolean | undefined;
}

/** As `InvalidateOptions`, for decorators that have no parameter for a key function. */
export interface KeyedInvalidateOptions<M> extends InvalidateOptions<M, Identifier> {
  /** The id of the lead. @default the first argument, or its `leadId` or `id`; else those of the result */
  readonly key?: KeyFunction<M, Identifier> | undefined;
}
