import { atOnce, type Duration, type FillOptions, type InvalidationResult, type Loader } from '@huntly/cache-core';
import type { CacheSource } from './cache-source.ts';
import { CallName } from './call-name.ts';
import type { CachedHandle } from './method-types.ts';
import type { Place } from './protocol.ts';
import { callAsLoad, refuseSelfWait } from './self-wait.ts';
import { type Shelf, shelfOf } from './shelf.ts';
import { tryLog } from './try-log.ts';
import type { AnyFunction, Call } from './wrapper.ts';

type OfArguments<R> = (this: unknown, ...args: unknown[]) => R;
type OfResult<R> = (this: unknown, result: unknown, ...args: unknown[]) => R;

/** `ResultOptions` of a method that is not known here. */
export interface LooseResultOptions {
  readonly ttl?: Duration | OfResult<Duration> | undefined;
  readonly grace?: Duration | 0 | OfResult<Duration | 0> | undefined;
  readonly tags?: readonly string[] | OfArguments<readonly string[]> | undefined;
  readonly resultTags?: OfResult<readonly string[]> | undefined;
  readonly condition?: OfArguments<boolean> | undefined;
  readonly unless?: OfResult<boolean> | undefined;
  readonly name?: string | undefined;
  readonly args?: OfArguments<readonly unknown[]> | undefined;
}

export interface CachedCallParts {
  readonly source: CacheSource;
  readonly type: string;
  readonly key: OfArguments<unknown> | undefined;
  readonly options: LooseResultOptions;
  readonly method: AnyFunction;
  readonly place: Place;
}

/** A method or function that is read through the cache: each call of it is one `getOrSet`. */
export class CachedCall implements Call {
  readonly #parts: CachedCallParts;
  /** `undefined` where a key function names the values. */
  readonly #name: CallName | undefined;
  readonly #fillOptions: (self: unknown, args: unknown[]) => FillOptions<unknown>;
  #shelf: Shelf | undefined;
  #claimed: { readonly shelf: Shelf; readonly name: string } | undefined;

  constructor(parts: CachedCallParts) {
    this.#parts = parts;
    this.#name = parts.key === undefined ? new CallName(parts.place, parts.options.name) : undefined;
    this.#fillOptions = fillOptionsOf(parts.options);
  }

  run(self: unknown, args: unknown[]): Promise<unknown> {
    try {
      const { condition } = this.#parts.options;
      if (condition !== undefined && atOnce('condition', condition.apply(self, args)) !== true)
        return Promise.resolve(this.#parts.method.apply(self, args));
      const shelf = this.#shelfFor(self);
      const identifier = this.#identifier(shelf, self, args);
      refuseSelfWait(shelf, identifier);
      return shelf.read(identifier, this.#loader(shelf, identifier, self, args), this.#fillOptions(self, args));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What a caller can do with one call besides making it. `call` makes it. */
  handle(self: unknown, call: (args: unknown[]) => unknown): CachedHandle<OfArguments<Promise<unknown>>> {
    const at = (args: unknown[]) => {
      const shelf = this.#shelfFor(self);
      return { shelf, identifier: this.#identifier(shelf, self, args) };
    };
    const invalidate = async (...args: unknown[]): Promise<InvalidationResult> => {
      const { shelf, identifier } = at(args);
      return shelf.invalidate(identifier);
    };
    return {
      invalidate,
      async refresh(...args) {
        await invalidate(...args);
        return call(args);
      },
      key(...args) {
        const { shelf, identifier } = at(args);
        return shelf.keyOf(identifier);
      },
      async peek(...args) {
        const { shelf, identifier } = at(args);
        return shelf.peek(identifier);
      },
    };
  }

  #shelfFor(self: unknown): Shelf {
    const cache = this.#parts.source(self);
    if (this.#shelf?.cache !== cache) this.#shelf = shelfOf(cache, this.#parts.type);
    return this.#shelf;
  }

  #identifier(shelf: Shelf, self: unknown, args: unknown[]): unknown {
    const { key, type, options } = this.#parts;
    if (key !== undefined) return atOnce('the key function', key.apply(self, args));
    const callName = this.#name as CallName;
    const name = callName.of(self, this);
    if (this.#claimed?.shelf !== shelf || this.#claimed.name !== name) {
      callName.claim(shelf.cache, type, name, this);
      this.#claimed = { shelf, name };
    }
    return shelf.identifierOf(name, withoutTrailingUndefined(atOnce('args', options.args?.apply(self, args)) ?? args));
  }

  #loader(shelf: Shelf, identifier: unknown, self: unknown, args: unknown[]): Loader<unknown> {
    const { method, options, type } = this.#parts;
    const { unless, resultTags } = options;
    if (unless === undefined && resultTags === undefined)
      return () => callAsLoad(shelf, identifier, () => method.apply(self, args));
    return async (context) => {
      const result = await callAsLoad(shelf, identifier, () => method.apply(self, args));
      try {
        if (unless !== undefined && atOnce('unless', unless.call(self, result, ...args)) !== false) context.skip();
        else if (resultTags !== undefined)
          context.setTags(atOnce('resultTags', resultTags.call(self, result, ...args)));
      } catch (error) {
        context.skip(); // the caller has its result all the same
        tryLog(shelf.cache, 'warn', { err: error, type }, 'value not cached: unless or resultTags throws');
      }
      return result;
    };
  }
}

/** Options without functions are made once, not for each call. */
function fillOptionsOf({
  ttl,
  grace,
  tags,
}: LooseResultOptions): (self: unknown, args: unknown[]) => FillOptions<unknown> {
  if (typeof ttl !== 'function' && typeof grace !== 'function' && typeof tags !== 'function') {
    const constant: FillOptions<unknown> = { ttl, grace, tags };
    return () => constant;
  }
  return (self, args) => ({
    grace: typeof grace === 'function' ? (result) => grace.call(self, result, ...args) : grace,
    ttl: typeof ttl === 'function' ? (result) => ttl.call(self, result, ...args) : ttl,
    tags: typeof tags === 'function' ? atOnce('tags', tags.apply(self, args)) : tags,
  });
}

/** `find(1)` and `find(1, undefined)` are one call. */
function withoutTrailingUndefined(args: readonly unknown[]): readonly unknown[] {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length--;
  return length === args.length ? args : args.slice(0, length);
}
