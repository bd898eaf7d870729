import { CacheConfigError, perCache } from '@huntly/cache-core';
import type { AnyCache } from './method-types.ts';
import { classNameOf, ownerOf } from './owner.ts';
import type { Place } from './protocol.ts';
import { tryLog } from './try-log.ts';
import type { Call } from './wrapper.ts';

/** Calls by the names in their keys: within one type of a cache no two calls share a name. */
const takenNamesOf = (cache: AnyCache) =>
  perCache(cache, 'cache-decorators/taken-names', () => new Map<string, Call>());
const warningsOf = (cache: AnyCache) =>
  perCache(cache, 'cache-decorators/warnings', () => ({ isWarnedOfMinifiedNames: false }));

/**
 * The name of a method or function in its default keys: `Class.method`, that of the function, or the one that is given.
 */
export class CallName {
  readonly #place: Place;
  readonly #given: string | undefined;
  #known: string | undefined;

  constructor(place: Place, given: string | undefined) {
    this.#place = place;
    this.#given = given;
    if (given !== undefined) this.#known = checked(given, 'The option name');
    else if (place.protocol === 'none') this.#known = checked(place.name, 'The name of the function');
  }

  /**
   * The class that declares a method is the same in all its calls, but for a private one only the class of `self` is
   * known.
   */
  of(self: unknown, call: Call): string {
    if (this.#known !== undefined) return this.#known;
    const { name, isKnownForAll } = this.#find(self, call);
    if (isKnownForAll) this.#known = name;
    return name;
  }

  /** @throws CacheConfigError where another method of this cache has that name */
  claim(cache: AnyCache, type: string, name: string, call: Call): void {
    const taken = takenNamesOf(cache);
    const key = `${type} ${name}`;
    const holder = taken.get(key);
    if (holder !== undefined && holder !== call) {
      throw new CacheConfigError([
        `two methods or functions are both cached as "${name}" in the type "${type}", so they would share values; give one of them the option name, or a key function`,
      ]);
    }
    if (holder === undefined && this.#given === undefined) warnOfMinifiedName(cache, name);
    taken.set(key, call);
  }

  #find(self: unknown, call: Call): { name: string; isKnownForAll: boolean } {
    const place = this.#place;
    const method = String(place.name);
    if (place.protocol === 'legacy') return { name: methodName(place.owner, method), isKnownForAll: true };
    if ((typeof self !== 'object' && typeof self !== 'function') || self === null) {
      throw new CacheConfigError([`"${method}" was called without its object, so its class is unknown; bind it`]);
    }
    if (place.protocol === 'standard' && place.isPrivate) {
      const owner = typeof self === 'function' ? self : (Object.getPrototypeOf(self) as object | null);
      return { name: methodName(owner ?? self, method), isKnownForAll: false };
    }
    const owner = ownerOf(self, place.name, call);
    if (owner === undefined) {
      throw new CacheConfigError([
        `which class declares "${method}" cannot be told; give it the option name, or put the cache decorator above the others`,
      ]);
    }
    return { name: methodName(owner, method), isKnownForAll: true };
  }
}

function methodName(owner: object, method: string): string {
  return `${checked(classNameOf(owner), `The name of the class of "${method}"`)}.${method}`;
}

function checked(name: string, what: string): string {
  if (name !== '') return name;
  throw new CacheConfigError([`${what} is empty, so it cannot stand in keys; give the option name, or a key function`]);
}

function warnOfMinifiedName(cache: AnyCache, name: string): void {
  const [owner = ''] = name.split('.');
  const warnings = warningsOf(cache);
  if (owner.length > 2 || warnings.isWarnedOfMinifiedNames) return;
  warnings.isWarnedOfMinifiedNames = true;
  const message = 'this name looks minified: keys change with every build. Give the option name, or a key function';
  tryLog(cache, 'warn', { method: name }, message); // `name` is that of the logger
}
