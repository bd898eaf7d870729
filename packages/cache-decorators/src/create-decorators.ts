import { CacheConfigError, type Identifier } from '@huntly/cache-core';
import { cacheSource } from './cache-source.ts';
import { CachedCall, type LooseResultOptions } from './cached-call.ts';
import {
  checkInvalidateOptions,
  InvalidatingCall,
  type InvalidatingCallParts,
  type LooseInvalidateOptions,
} from './invalidating-call.ts';
import { findLeadId, leadIdOf } from './lead-id.ts';
import type {
  AnyCache,
  AnyMethod,
  Asynchronous,
  Cacheable,
  CachedHandle,
  IdentifierIn,
  InvalidatingHandle,
  LeadIn,
  MethodContext,
  MethodDecorator,
  TypeName,
  ValueIn,
} from './method-types.ts';
import { checkKey, checkOptions, INVALIDATE_OPTIONS, KEY_OPTION, RESULT_OPTIONS } from './option-names.ts';
import type {
  InvalidateOptions,
  KeyedInvalidateOptions,
  KeyedResultOptions,
  KeyFunction,
  ResultOptions,
} from './options.ts';
import { type LooseDecorator, methodDecorator, type Place, withOrWithoutOptions } from './protocol.ts';
import { type AnyFunction, callsOf, wrap } from './wrapper.ts';

/** The names of the methods of `S` that return a promise. */
export type AsyncMethodName<S> = {
  [K in keyof S]: S[K] extends (...args: never[]) => PromiseLike<unknown> ? K : never;
}[keyof S];

/** A decorator that also stands without parentheses. */
export interface OptionalInvalidateDecorator<I, O extends 'all' | 'keyed'> {
  <M extends AnyMethod>(
    options?: O extends 'keyed' ? KeyedInvalidateOptions<NoInfer<M>> : InvalidateOptions<NoInfer<M>>,
  ): MethodDecorator<M, I, Asynchronous<NoInfer<M>>>;
  <M extends AnyMethod>(
    target: (NoInfer<M> | I) & Asynchronous<NoInfer<M>>,
    context: string | symbol | MethodContext<I, M>,
    descriptor?: { readonly value?: M | undefined },
  ): void;
}

/** Decorators of the methods of `I` for the cache `C`, in the standard and the legacy protocol alike. */
export interface Decorators<C extends AnyCache, I> {
  /**
   * The method is read through the cache: its result is a value of the type. Without a key function a call is named by
   * its class, its method and its arguments; with one, by what that returns, within the type.
   * @example
   * @cacheResult('report', (month) => month, { ttl: '10m' })
   * async monthly(month: string) { … }
   */
  cacheResult<N extends TypeName<C>, M extends AnyMethod>(
    type: N,
    keyOrOptions?: KeyFunction<NoInfer<M>, IdentifierIn<C, N>> | ResultOptions<NoInfer<M>>,
    options?: ResultOptions<NoInfer<M>>,
  ): MethodDecorator<M, I, Cacheable<NoInfer<M>, ValueIn<C, N>>>;

  /**
   * The method is a search of a `CacheManager`: its whole call is hashed, and its results are dropped with each lead in
   * them. The case of a text is ignored in the fields where people type, `normalizeText` of the type: `{ q }`, not an
   * argument that is a text.
   */
  cacheSearchResults<M extends AnyMethod>(
    options?: KeyedResultOptions<NoInfer<M>, unknown>,
  ): MethodDecorator<M, I, Asynchronous<NoInfer<M>>>;

  /** The method reads a lead of a `CacheManager`: its id is the first argument, or the `leadId` or `id` of that. */
  cacheLeadData<M extends AnyMethod>(
    options?: KeyedResultOptions<NoInfer<M>, Identifier>,
  ): MethodDecorator<M, I, Cacheable<NoInfer<M>, LeadIn<C>>>;

  /**
   * After the method succeeded, the key that the key function returns is dropped; without one the whole type. For
   * `lead` of a `CacheManager` so are the searches that show the lead.
   */
  invalidateCacheOnUpdate<N extends TypeName<C>, M extends AnyMethod>(
    type: N,
    keyOrOptions?: KeyFunction<NoInfer<M>, IdentifierIn<C, N>> | InvalidateOptions<NoInfer<M>, IdentifierIn<C, N>>,
    options?: InvalidateOptions<NoInfer<M>, IdentifierIn<C, N>>,
  ): MethodDecorator<M, I, Asynchronous<NoInfer<M>>>;

  /** After the method succeeded, all cached searches of a `CacheManager` are dropped. */
  readonly invalidateSearchCache: OptionalInvalidateDecorator<I, 'all'>;

  /**
   * After the method succeeded, a lead of a `CacheManager` and the searches that show it are dropped. Its id is found
   * as by `cacheLeadData`, else in the result.
   */
  readonly invalidateLeadCache: OptionalInvalidateDecorator<I, 'keyed'>;

  /**
   * Drops, refreshes, names or peeks at calls of a cached method of this object.
   * @throws CacheConfigError for a method that is not cached
   * @example await handleOf(reports, 'monthly').invalidate('2025-06');
   */
  handleOf<S extends object, N extends AsyncMethodName<S>>(instance: S, method: N): CachedHandle<S[N]>;
}

/** What `cacheResult` and `invalidateCacheOnUpdate` are, for functions. */
export interface FunctionWrappers<C extends AnyCache> {
  /** @example const report = cached(loadReport, 'report', (month) => month, { ttl: '10m' }); */
  cached<F extends AnyMethod, N extends TypeName<C>>(
    fn: F,
    type: N & Cacheable<NoInfer<F>, ValueIn<C, N>>,
    keyOrOptions?: KeyFunction<NoInfer<F>, IdentifierIn<C, N>> | ResultOptions<NoInfer<F>>,
    options?: ResultOptions<NoInfer<F>>,
  ): F & CachedHandle<F>;

  /** @example const save = invalidating(saveReport, 'report', ({ month }) => month); */
  invalidating<F extends AnyMethod, N extends TypeName<C>>(
    fn: F,
    type: N & Asynchronous<NoInfer<F>>,
    keyOrOptions?: KeyFunction<NoInfer<F>, IdentifierIn<C, N>> | InvalidateOptions<NoInfer<F>, IdentifierIn<C, N>>,
    options?: InvalidateOptions<NoInfer<F>, IdentifierIn<C, N>>,
  ): F & InvalidatingHandle<F>;
}

/** Functions have no object, so their cache must be known without one. */
type WrappersWithout<C extends AnyCache, I> = undefined extends I ? FunctionWrappers<C> : unknown;

/**
 * Decorators and function wrappers for one cache, or for the cache that each object holds: then give a function from an
 * object to its cache. It is asked at each call, so a decorated class can be declared before there is a cache.
 * @example
 * const { cacheLeadData, invalidateCacheOnUpdate } = createDecorators(manager);
 * const { cacheResult } = createDecorators((service: { cache: AppCache }) => service.cache);
 */
export function createDecorators<C extends AnyCache>(cache: C): Decorators<C, unknown> & FunctionWrappers<C>;
export function createDecorators<C extends AnyCache, I>(
  cacheOf: (instance: I) => C,
): Decorators<C, I> & WrappersWithout<C, I>;
export function createDecorators(cache: unknown): unknown {
  const source = cacheSource(cache);

  const cachedMethod = (decorator: string, type: string, key: LooseKey, options: LooseResultOptions): LooseDecorator =>
    methodDecorator(decorator, (method, place) =>
      wrap(method, new CachedCall({ source, type, key, options, method, place })),
    );

  const invalidatingMethod = (
    decorator: string,
    parts: Pick<InvalidatingCallParts, 'type' | 'key' | 'find'>,
    given: LooseInvalidateOptions,
  ) => {
    const options = checkInvalidateOptions(decorator, given);
    return methodDecorator(decorator, (method) =>
      wrap(method, new InvalidatingCall({ ...parts, source, options, method })),
    );
  };

  return {
    cacheResult(type: string, first?: unknown, second?: unknown) {
      const { key, options } = keyAndOptions('@cacheResult', RESULT_OPTIONS, first, second);
      return cachedMethod('@cacheResult', type, key, options);
    },
    cacheSearchResults(given?: unknown) {
      const { key, ...options } = keyedOptions('@cacheSearchResults', RESULT_OPTIONS, given);
      return cachedMethod('@cacheSearchResults', 'search', key, options);
    },
    cacheLeadData(given?: unknown) {
      const { key, ...options } = keyedOptions('@cacheLeadData', RESULT_OPTIONS, given);
      return cachedMethod('@cacheLeadData', 'lead', key ?? leadIdOf('@cacheLeadData'), options);
    },
    invalidateCacheOnUpdate(type: string, first?: unknown, second?: unknown) {
      const { key, options } = keyAndOptions('@invalidateCacheOnUpdate', INVALIDATE_OPTIONS, first, second);
      return invalidatingMethod('@invalidateCacheOnUpdate', { type, key }, options);
    },
    invalidateSearchCache: withOrWithoutOptions((given = {}) => {
      checkOptions('@invalidateSearchCache', given, INVALIDATE_OPTIONS);
      const parts = { type: 'search', key: undefined };
      return invalidatingMethod('@invalidateSearchCache', parts, given as LooseInvalidateOptions);
    }),
    invalidateLeadCache: withOrWithoutOptions((given) => {
      const { key, ...options } = keyedOptions('@invalidateLeadCache', INVALIDATE_OPTIONS, given);
      // What is created has its id only when it is there. Before the method runs there is no result to look into.
      const parts =
        options.when === 'before'
          ? { type: 'lead', key: key ?? leadIdOf('@invalidateLeadCache') }
          : { type: 'lead', key, find: findLeadId };
      return invalidatingMethod('@invalidateLeadCache', parts, options);
    }),
    handleOf(instance: object, method: PropertyKey) {
      const call = cachedCallOf(Reflect.get(instance, method));
      if (call === undefined) throw notCached(method);
      return call.handle(instance, (args) =>
        Reflect.apply(Reflect.get(instance, method) as AnyFunction, instance, args),
      );
    },
    cached(fn: AnyFunction, type: string, first?: unknown, second?: unknown) {
      const { key, options } = keyAndOptions('cached()', RESULT_OPTIONS, first, second);
      const call = new CachedCall({ source, type, key, options, method: fn, place: placeOf(fn) });
      const wrapper = wrap(fn, call);
      return Object.assign(
        wrapper,
        call.handle(undefined, (args) => wrapper(...args)),
      );
    },
    invalidating(fn: AnyFunction, type: string, first?: unknown, second?: unknown) {
      const { key, options: given } = keyAndOptions('invalidating()', INVALIDATE_OPTIONS, first, second);
      const options = checkInvalidateOptions('invalidating()', given);
      const call = new InvalidatingCall({ source, type, key, options, method: fn });
      return Object.assign(wrap(fn, call), { invalidate: (...args: unknown[]) => call.invalidate(undefined, args) });
    },
  };
}

type LooseKey = ((this: unknown, ...args: unknown[]) => unknown) | undefined;
type KeyedLoose = LooseResultOptions & LooseInvalidateOptions & { readonly key?: LooseKey };

function placeOf(fn: unknown): Place {
  if (typeof fn === 'function') return { protocol: 'none', name: fn.name };
  throw new CacheConfigError([`cached() wraps a function; got ${fn === null ? 'null' : typeof fn}`]);
}

/** The key function may be left out: options may stand in its place. */
function keyAndOptions(decorator: string, names: readonly string[], first: unknown, second: unknown) {
  const key = typeof first === 'function' ? (first as LooseKey) : undefined;
  const options = (key === undefined ? (first ?? second) : second) ?? {};
  checkKey(decorator, key);
  checkOptions(decorator, options, names);
  return { key, options: options as LooseResultOptions & LooseInvalidateOptions };
}

/** For decorators whose key function is an option. */
function keyedOptions(decorator: string, names: readonly string[], options: unknown = {}): KeyedLoose {
  checkOptions(decorator, options, [...names, KEY_OPTION]);
  return options as KeyedLoose;
}

/** The outermost cached call among the wrappers of a method. */
function cachedCallOf(method: unknown): CachedCall | undefined {
  for (const call of callsOf(method)) if ('handle' in call) return call as CachedCall;
  return undefined;
}

function notCached(method: PropertyKey): CacheConfigError {
  return new CacheConfigError([
    `"${String(method)}" is no cached method, or another decorator covers it: the cache decorator must stand above that one`,
  ]);
}
