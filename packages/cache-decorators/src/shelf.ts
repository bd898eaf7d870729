import {
  type CacheManager,
  type FillOptions,
  hashQuery,
  type InvalidationResult,
  KeyError,
  type Loader,
  type TypedCache,
} from '@huntly/cache-core';
import type { AnyCache } from './method-types.ts';

/** Where the results of one type live. */
export interface Shelf {
  readonly cache: AnyCache;
  read(identifier: unknown, loader: Loader<unknown>, options: FillOptions<unknown>): Promise<unknown>;
  peek(identifier: unknown): Promise<unknown>;
  invalidate(identifier: unknown): Promise<InvalidationResult>;
  /** @throws KeyError */
  keyOf(identifier: unknown): string;
  /** What identifies a call that has no key function. @throws KeyError */
  identifierOf(name: string, args: readonly unknown[]): unknown;
}

/** @throws KeyError for a type that the cache does not have */
export function shelfOf(cache: AnyCache, type: string): Shelf {
  const typed = typedCache(cache, type);
  return type === 'search' && isManager(cache) ? searchShelf(cache, typed) : typedShelf(cache, typed);
}

/** Also of another copy of the core, where `instanceof` fails. */
export function isManager(cache: AnyCache): cache is CacheManager {
  return 'getOrSetSearch' in cache && typeof cache.getOrSetSearch === 'function';
}

export function typedCache(cache: AnyCache, type: string): TypedCache<unknown, unknown> {
  return cache.type(type as never) as TypedCache<unknown, unknown>;
}

function typedShelf(cache: AnyCache, typed: TypedCache<unknown, unknown>): Shelf {
  return {
    cache,
    read: (identifier, loader, options) => typed.getOrSet(identifier, loader, options),
    peek: (identifier) => typed.peek(identifier),
    invalidate: (identifier) => typed.invalidate(identifier),
    keyOf: (identifier) => typed.keyOf(identifier),
    identifierOf: (name, args) => `${name}.${digestOf(name, args)}`,
  };
}

/** A manager stores the results of a search with the time. */
function searchShelf(manager: CacheManager & AnyCache, typed: TypedCache<unknown, unknown>): Shelf {
  return {
    ...typedShelf(manager, typed),
    read: (query, loader, options) => manager.getOrSetSearch(query, loader, options).then(({ results }) => results),
    peek: (query) => typed.peek(query).then((stored) => (stored as { results: unknown } | undefined)?.results),
    // As digits: the name is exact, even where `call` is named as a field that people type into.
    identifierOf: (name, args) => ({ call: Buffer.from(name).toString('hex'), args }),
  };
}

function digestOf(name: string, args: readonly unknown[]): string {
  try {
    return hashQuery(args);
  } catch (cause) {
    if (!KeyError.is(cause)) throw cause;
    const advice = 'Leave it out with the option args, or give a key function.';
    throw new KeyError(`The arguments of ${name} name no value: ${cause.message} ${advice}`, { cause });
  }
}
