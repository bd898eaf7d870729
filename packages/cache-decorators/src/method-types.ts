import type {
  Cache,
  CacheManager,
  HuntlyTypes,
  Identifier,
  InvalidationResult,
  Logger,
  ValueOf,
} from '@huntly/cache-core';

/** Any method or function; what a decorator asks of it is said by `Cacheable`. */
export type AnyMethod = (...args: never[]) => unknown;

/** What a cache must be to be used here: a `Cache` of any types, or a `CacheManager`. */
export interface AnyCache {
  readonly logger: Logger;
  readonly enabled: boolean;
  type(name: never): unknown;
}

type TypesOf<C> =
  C extends CacheManager<infer T> ? Omit<HuntlyTypes, keyof T> & T : C extends Cache<infer T> ? T : never;
/** The names of the types of a cache. */
export type TypeName<C> = keyof TypesOf<C> & string;
/** What identifies a value of a type. */
export type IdentifierIn<C, N extends TypeName<C>> = TypesOf<C>[N] extends { readonly identifier: 'query' }
  ? unknown
  : Identifier;
/** What a method may return for a type. A manager stores any results of a search. */
export type ValueIn<C, N extends TypeName<C>> = [C, N] extends [Pick<CacheManager, 'getOrSetSearch'>, 'search']
  ? unknown
  : ValueOf<TypesOf<C>[N]>;

/** What a method may return for the built-in type `lead`, where the cache has it. */
export type LeadIn<C> = TypesOf<C> extends { readonly lead: infer T } ? ValueOf<T> : unknown;

/** Up to four overloads: TypeScript gives no way to list them all. */
interface Overloads<A1 extends unknown[], A2 extends unknown[], A3 extends unknown[], A4 extends unknown[]> {
  (...args: A1): unknown;
  (...args: A2): unknown;
  (...args: A3): unknown;
  (...args: A4): unknown;
}

/** The arguments a method can be called with: one list, or one for each of its overloads. */
export type CallOf<M> =
  M extends Overloads<infer A1, infer A2, infer A3, infer A4>
    ? A1 | A2 | A3 | A4
    : M extends (...args: infer A) => unknown
      ? A
      : never;

type IsUnion<A, Whole = A> = [A] extends [never]
  ? false
  : A extends Whole
    ? [Whole] extends [A]
      ? false
      : true
    : never;
type At<A, N extends string> = A extends unknown ? (N extends keyof A ? A[N] : undefined) : never;

/** The arguments as a key function sees them: of overloads, what can stand in each place. */
export type ArgumentsOf<M> =
  IsUnion<CallOf<M>> extends true
    ? [At<CallOf<M>, '0'>, At<CallOf<M>, '1'>, At<CallOf<M>, '2'>, At<CallOf<M>, '3'>, ...unknown[]]
    : CallOf<M>;

/** What a method resolves to. */
export type ResultOf<M> = M extends {
  (...args: never[]): infer R1;
  (...args: never[]): infer R2;
  (...args: never[]): infer R3;
  (...args: never[]): infer R4;
}
  ? Awaited<R1 | R2 | R3 | R4>
  : never;

type ReturnOf<M> = M extends (...args: never[]) => infer R ? R : never;

/** Says in the compiler's error what is wrong with a method. `unknown` is right. */
export type Asynchronous<M> =
  unknown extends ReturnOf<M>
    ? unknown
    : ReturnOf<M> extends PromiseLike<unknown>
      ? unknown
      : { 'The method must return a promise: make it async.': never };

/**
 * As `Asynchronous`, and what it resolves to is a value of the type. `undefined` is always allowed: it is not cached.
 */
export type Cacheable<M, V> =
  unknown extends Asynchronous<M>
    ? unknown extends ResultOf<M>
      ? unknown
      : Exclude<ResultOf<M>, undefined> extends V
        ? unknown
        : { 'The method does not return a value of this cache type.': never; expected: V }
    : Asynchronous<M>;

/** The context of the standard protocol, as far as it is used: `ClassMethodDecoratorContext` has it. */
export interface MethodContext<I, M> {
  readonly kind: 'method';
  readonly name: string | symbol;
  readonly static: boolean;
  readonly private: boolean;
  readonly access: { get(object: I): M };
}

/**
 * A decorator of methods `M` in objects `I`, in both protocols. One signature: from it TypeScript infers the method for
 * the key function and the options beside it.
 */
export type MethodDecorator<M extends AnyMethod, I, Check> = (
  target: (NoInfer<M> | I) & Check,
  context: string | symbol | MethodContext<I, M>,
  descriptor?: { readonly value?: M | undefined },
) => void;

/** What a cached method or function has besides the call itself. Each takes the arguments of a call. */
export interface CachedHandle<M> {
  /** Drops the value of this call. */
  invalidate(...args: CallOf<M>): Promise<InvalidationResult>;
  /** Drops the value of this call, then loads it anew. */
  refresh(...args: CallOf<M>): Promise<ResultOf<M>>;
  /** The key of this call, as it stands in the store. @throws KeyError */
  key(...args: CallOf<M>): string;
  /** The cached value of this call; `undefined` where there is none. Loads nothing and counts nothing. */
  peek(...args: CallOf<M>): Promise<ResultOf<M> | undefined>;
}

/** What an invalidating function has besides the call itself. */
export interface InvalidatingHandle<M> {
  /** Drops what a call would drop, without the call. */
  invalidate(...args: CallOf<M>): Promise<InvalidationResult>;
}
