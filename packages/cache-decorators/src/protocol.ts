import { CacheConfigError } from '@huntly/cache-core';
import type { AnyFunction } from './wrapper.ts';

/** Where a decorated method stands, or a wrapped function. */
export type Place =
  | { readonly protocol: 'none'; readonly name: string }
  | { readonly protocol: 'standard'; readonly name: string | symbol; readonly isPrivate: boolean }
  /** `owner` is the prototype that holds the method, or the class itself for a static one. */
  | { readonly protocol: 'legacy'; readonly name: string | symbol; readonly owner: object };

export type LooseDecorator = (target: unknown, second: unknown, third?: unknown) => unknown;

interface AnyContext {
  readonly kind: string;
  readonly name: string | symbol;
  readonly private?: boolean;
}

/** The protocols differ in their second argument: a context object, or the name of the method. */
function isContext(second: unknown): second is AnyContext {
  return typeof second === 'object' && second !== null && 'kind' in second;
}

/** A decorator for methods, in both protocols. `decorator` is its name, for messages. */
export function methodDecorator(
  decorator: string,
  wrapMethod: (method: AnyFunction, place: Place) => AnyFunction,
): LooseDecorator {
  return (target, second, third) => {
    if (isContext(second)) {
      if (second.kind !== 'method' || typeof target !== 'function') throw refuse(decorator, second.name, second.kind);
      const isPrivate = second.private === true;
      return wrapMethod(target as AnyFunction, { protocol: 'standard', name: second.name, isPrivate });
    }
    const name = second as string | symbol;
    const descriptor = third as PropertyDescriptor | undefined;
    if (typeof descriptor?.value !== 'function')
      throw refuse(decorator, name, descriptor ? 'getter or setter' : 'field');
    const place: Place = { protocol: 'legacy', name, owner: target as object };
    return { ...descriptor, value: wrapMethod(descriptor.value as AnyFunction, place) };
  };
}

/** For a decorator that also stands without parentheses: `@invalidateSearchCache`. */
export function withOrWithoutOptions(
  create: (options: unknown) => LooseDecorator,
): (first?: unknown, second?: unknown, third?: unknown) => unknown {
  return (first, second, third) => {
    const isBare = typeof second === 'string' || typeof second === 'symbol' || isContext(second);
    return isBare ? create(undefined)(first, second, third) : create(first);
  };
}

function refuse(decorator: string, name: string | symbol | undefined, kind: string): CacheConfigError {
  const where = name === undefined ? '' : ` of "${String(name)}"`;
  return new CacheConfigError([
    `${decorator} is for methods; got the ${kind}${where}. Make it an async method, or wrap a function with cached() or invalidating()`,
  ]);
}
