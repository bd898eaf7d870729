import { atOnce, CacheConfigError, type Identifier, type InvalidationResult, KeyError } from '@huntly/cache-core';
import type { CacheSource } from './cache-source.ts';
import type { AnyCache } from './method-types.ts';
import { isManager, typedCache } from './shelf.ts';
import { tryLog } from './try-log.ts';
import type { AnyFunction, Call } from './wrapper.ts';

type OfArguments<R> = (this: unknown, ...args: unknown[]) => R;
type OfResult<R> = (this: unknown, result: unknown, ...args: unknown[]) => R;

/** `InvalidateOptions` of a method that is not known here. */
export interface LooseInvalidateOptions {
  readonly when?: 'before' | 'after' | undefined;
  readonly tags?: readonly string[] | OfArguments<readonly string[]> | undefined;
  readonly keys?: OfResult<readonly unknown[]> | undefined;
  readonly resultTags?: OfResult<readonly string[]> | undefined;
  readonly condition?: OfArguments<boolean> | undefined;
  readonly unless?: OfResult<boolean> | undefined;
  readonly allSearches?: boolean | undefined;
}

export interface InvalidatingCallParts {
  readonly source: CacheSource;
  readonly type: string;
  /** Without one, without `find` and without `keys`, the whole type is dropped. */
  readonly key: OfArguments<unknown> | undefined;
  /** Where there is no key function: finds the key in the first argument, or in what the method returned. */
  readonly find?: ((value: unknown) => Identifier | undefined) | undefined;
  readonly options: LooseInvalidateOptions;
  readonly method: AnyFunction;
}

/** The keys to drop, or the whole type; `in the result`: only what the method returns tells. */
type Keys = readonly unknown[] | 'all' | 'in the result';

/** What a call drops: known, and checked, before the method runs. */
interface Plan {
  readonly cache: AnyCache;
  readonly tags: readonly string[];
  readonly keys: Keys;
}

/** A method or function after whose success something is dropped. */
export class InvalidatingCall implements Call {
  readonly #parts: InvalidatingCallParts;

  constructor(parts: InvalidatingCallParts) {
    this.#parts = parts;
  }

  async run(self: unknown, args: unknown[]): Promise<unknown> {
    const { method, options } = this.#parts;
    if (options.condition !== undefined && atOnce('condition', options.condition.apply(self, args)) !== true)
      return method.apply(self, args);
    const plan = this.#plan(self, args); // a bad key rejects before anything has changed
    if (options.when === 'before') await this.#apply(plan);
    const result = await method.apply(self, args);
    if (options.when !== 'before') await this.#afterwards(plan, self, args, result);
    return result;
  }

  /** Drops what a call would drop, as far as its arguments tell. @throws KeyError if only its result would tell */
  async invalidate(self: unknown, args: unknown[]): Promise<InvalidationResult> {
    return this.#apply(this.#plan(self, args));
  }

  /** The method has done its work: from here on nothing may cost the caller its result. */
  async #afterwards(plan: Plan, self: unknown, args: unknown[], result: unknown): Promise<void> {
    const { unless, resultTags } = this.#parts.options;
    const isUnwanted = this.#attempt(plan, 'unless', false, () => unless?.call(self, result, ...args) ?? false);
    if (isUnwanted === true) return;
    const tags = this.#attempt(plan, 'resultTags', [], () =>
      listOf('resultTags', atOnce('resultTags', resultTags?.call(self, result, ...args) ?? [])),
    );
    const keys = this.#attempt<Keys>(plan, 'keys', 'all', () => this.#keysOf(plan, self, args, result));
    try {
      await this.#apply({ ...plan, keys, tags: [...plan.tags, ...tags] });
    } catch (error) {
      this.#report(plan, error, 'invalidation not applied');
    }
  }

  /** @throws KeyError for a key that is none, or where none is found */
  #keysOf({ cache, keys }: Plan, self: unknown, args: unknown[], result: unknown): Keys {
    if (keys === 'in the result') {
      const found = this.#parts.find?.(result);
      if (found === undefined) throw new KeyError('neither the first argument nor the result holds the id of the lead');
      return [found];
    }
    const tell = this.#parts.options.keys;
    if (tell === undefined || keys === 'all') return keys;
    const told = listOf('keys', atOnce('keys', tell.call(self, result, ...args)));
    const typed = typedCache(cache, this.#parts.type);
    for (const identifier of told) typed.keyOf(identifier);
    return [...keys, ...told];
  }

  /** What `work` tells; if it throws, it is said, and the fallback holds. */
  #attempt<T>(plan: Plan, option: string, fallback: T, work: () => T): T {
    try {
      return atOnce(option, work());
    } catch (error) {
      const dropped = option === 'keys' ? ', so the whole type is dropped' : '';
      this.#report(plan, error, `${option} throws: what it would say is not known${dropped}`);
      return fallback;
    }
  }

  #report(plan: Plan, error: unknown, message: string): void {
    tryLog(plan.cache, 'error', { err: error, type: this.#parts.type }, message);
  }

  /** @throws KeyError */
  #plan(self: unknown, args: unknown[]): Plan {
    const { source, type, options } = this.#parts;
    const cache = source(self);
    const keys = this.#keysBefore(self, args);
    const typed = typedCache(cache, type);
    if (typeof keys !== 'string') for (const identifier of keys) typed.keyOf(identifier);
    const tags =
      (typeof options.tags === 'function' ? atOnce('tags', options.tags.apply(self, args)) : options.tags) ?? [];
    return { cache, tags: listOf('tags', tags), keys };
  }

  #keysBefore(self: unknown, args: unknown[]): Keys {
    const { key, find, options } = this.#parts;
    if (key) return [atOnce('the key function', key.apply(self, args))];
    if (options.keys) return [];
    if (!find) return 'all';
    const found = find(args[0]);
    return found === undefined ? 'in the result' : [found];
  }

  async #apply({ cache, tags, keys }: Plan): Promise<InvalidationResult> {
    const dropped = await this.#drop(cache, keys);
    if (tags.length === 0) return dropped;
    const { applied, removed } = await (cache as TagCache).invalidateTags(tags);
    return { applied: dropped.applied && applied, removed: dropped.removed + removed };
  }

  /** A lead of a manager takes with it the searches that show it. */
  async #drop(cache: AnyCache, keys: Keys): Promise<InvalidationResult> {
    const { type, options } = this.#parts;
    const leads = type === 'lead' && isManager(cache) ? cache : undefined;
    if (keys === 'in the result') throw new KeyError('the first argument does not hold the id of the lead');
    if (keys === 'all') return leads ? leads.invalidateAllLeadCaches() : typedCache(cache, type).invalidateAll();
    if (!leads) return typedCache(cache, type).invalidateMany(keys);
    const { allSearches = false } = options;
    const results = await Promise.all(
      keys.map((lead) => leads.invalidateLeadCache(lead as Identifier, { allSearches })),
    );
    return {
      applied: results.every(({ applied }) => applied),
      removed: results.reduce((total, { removed }) => total + removed, 0),
    };
  }
}

/** @throws KeyError: a text in place of a list would be taken for a list of its letters, and nothing that is meant be dropped */
function listOf<T>(option: string, answer: readonly T[]): readonly T[] {
  if (Array.isArray(answer)) return answer;
  throw new KeyError(`${option} must be an array; got ${answer === null ? 'null' : typeof answer}`);
}

interface TagCache extends AnyCache {
  invalidateTags(tags: readonly string[]): Promise<InvalidationResult>;
}

/** What is wrong with options whose names are right. @throws CacheConfigError */
export function checkInvalidateOptions(decorator: string, options: LooseInvalidateOptions): LooseInvalidateOptions {
  const problems: string[] = [];
  const { when = 'after', unless, resultTags, keys } = options;
  if (when !== 'before' && when !== 'after')
    problems.push(`the option when of ${decorator} must be 'before' or 'after'`);
  if (when === 'before' && (unless !== undefined || resultTags !== undefined || keys !== undefined))
    problems.push(
      `${decorator} with when: 'before' knows no result, so it takes neither unless nor resultTags nor keys`,
    );
  if (keys !== undefined && typeof keys !== 'function')
    problems.push(`the option keys of ${decorator} must be a function of the result and the arguments`);
  if (problems.length > 0) throw new CacheConfigError(problems);
  return options;
}
