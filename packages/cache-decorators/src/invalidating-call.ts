import { atOnce, CacheConfigError, type Identifier, type InvalidationResult } from '@huntly/cache-core';
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
  readonly resultTags?: OfResult<readonly string[]> | undefined;
  readonly condition?: OfArguments<boolean> | undefined;
  readonly unless?: OfResult<boolean> | undefined;
  readonly allSearches?: boolean | undefined;
}

export interface InvalidatingCallParts {
  readonly source: CacheSource;
  readonly type: string;
  /** Without one the whole type is dropped. */
  readonly key: OfArguments<unknown> | undefined;
  readonly options: LooseInvalidateOptions;
  readonly method: AnyFunction;
}

/** What a call drops: known, and checked, before the method runs. */
interface Plan {
  readonly cache: AnyCache;
  readonly tags: readonly string[];
  /** Drops the key, or the whole type. */
  drop(): Promise<InvalidationResult>;
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
    if (options.when === 'before') await apply(plan);
    const result = await method.apply(self, args);
    if (options.when !== 'before') await this.#afterwards(plan, self, args, result);
    return result;
  }

  /** Drops what a call would drop. */
  async invalidate(self: unknown, args: unknown[]): Promise<InvalidationResult> {
    return apply(this.#plan(self, args));
  }

  /** The method has done its work: from here on nothing may cost the caller its result. */
  async #afterwards(plan: Plan, self: unknown, args: unknown[], result: unknown): Promise<void> {
    const { unless, resultTags } = this.#parts.options;
    const isUnwanted = this.#attempt(
      plan,
      'unless',
      false,
      () => atOnce('unless', unless?.call(self, result, ...args)) === true,
    );
    if (isUnwanted) return;
    const tags = this.#attempt(
      plan,
      'resultTags',
      [],
      () => atOnce('resultTags', resultTags?.call(self, result, ...args)) ?? [],
    );
    try {
      await apply(plan);
      if (tags.length > 0) await (plan.cache as TagCache).invalidateTags(tags);
    } catch (error) {
      this.#report(plan, error, 'invalidation not applied');
    }
  }

  #attempt<T>(plan: Plan, option: string, fallback: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#report(plan, error, `${option} throws: what it would say is not known`);
      return fallback;
    }
  }

  #report(plan: Plan, error: unknown, message: string): void {
    tryLog(plan.cache, 'error', { err: error, type: this.#parts.type }, message);
  }

  /** @throws KeyError */
  #plan(self: unknown, args: unknown[]): Plan {
    const { source, type, key, options } = this.#parts;
    const cache = source(self);
    const typed = typedCache(cache, type);
    const tags =
      (typeof options.tags === 'function' ? atOnce('tags', options.tags.apply(self, args)) : options.tags) ?? [];
    const showsLeads = type === 'lead' && isManager(cache) ? cache : undefined;
    if (key === undefined) {
      const drop = () => (showsLeads ? showsLeads.invalidateAllLeadCaches() : typed.invalidateAll());
      return { cache, tags, drop };
    }
    const identifier = atOnce('the key function', key.apply(self, args));
    typed.keyOf(identifier);
    const { allSearches = false } = options;
    const drop = () =>
      showsLeads
        ? showsLeads.invalidateLeadCache(identifier as Identifier, { allSearches })
        : typed.invalidate(identifier);
    return { cache, tags, drop };
  }
}

interface TagCache extends AnyCache {
  invalidateTags(tags: readonly string[]): Promise<InvalidationResult>;
}

async function apply({ cache, tags, drop }: Plan): Promise<InvalidationResult> {
  const dropped = await drop();
  if (tags.length === 0) return dropped;
  const { applied, removed } = await (cache as TagCache).invalidateTags(tags);
  return { applied: dropped.applied && applied, removed: dropped.removed + removed };
}

/** What is wrong with options whose names are right. @throws CacheConfigError */
export function checkInvalidateOptions(decorator: string, options: LooseInvalidateOptions): LooseInvalidateOptions {
  const problems: string[] = [];
  const { when = 'after', unless, resultTags } = options;
  if (when !== 'before' && when !== 'after')
    problems.push(`the option when of ${decorator} must be 'before' or 'after'`);
  if (when === 'before' && (unless !== undefined || resultTags !== undefined))
    problems.push(`${decorator} with when: 'before' knows no result, so it takes neither unless nor resultTags`);
  if (problems.length > 0) throw new CacheConfigError(problems);
  return options;
}
