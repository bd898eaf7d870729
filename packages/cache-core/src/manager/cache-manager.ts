import { isAsyncFunction, isThenable } from '../at-once.ts';
import type { CacheTypeOptions, Ttl, WithQuery } from '../config/cache-types.ts';
import { type CacheConfig, type Environment, loadCacheConfig } from '../config/environment.ts';
import { Cache, type ValueOf } from '../engine/cache.ts';
import { type CacheOptions, type CacheTypes, closingOnFailure } from '../engine/cache-options.ts';
import type { InvalidationResult } from '../engine/invalidator.ts';
import type { Loader, LoaderContext } from '../engine/loading.ts';
import type { LookOptions, ReadOptions } from '../engine/read-options.ts';
import type { TypedCache } from '../engine/typed-cache.ts';
import { CacheConfigError, InvalidationError } from '../errors.ts';
import type { Identifier } from '../keys/key.ts';
import type { CacheHealth } from '../observe/health.ts';
import { defaultLogger } from '../observe/logger.ts';
import type { TypeStats } from '../observe/stats.ts';
import type { StoreReport } from '../store/store.ts';
import {
  defaultLeadIdsOf,
  type HuntlyTypes,
  huntlyTypes,
  type LeadIdsOf,
  leadTag,
  type StoredSearch,
} from './huntly-types.ts';
import { type PopularSearch, PopularSearches, type PopularSearchOptions } from './popular-searches.ts';

export interface CacheManagerOptions<T extends CacheTypes = CacheTypes> extends Omit<CacheOptions<T>, 'types'> {
  /** Types of your own, and settings of built-in ones: each setting given here replaces that one of the environment. */
  readonly types?: T | undefined;
  /** @default process.env */
  readonly env?: Environment | undefined;
  /**
   * Which leads search results contain: a change of one drops them.
   * @default `leadId`, `lead_id` or `id` of each result
   */
  readonly leadIdsOf?: LeadIdsOf | undefined;
  readonly popularSearches?: PopularSearchOptions | undefined;
}

const OWN_OPTIONS = ['env', 'leadIdsOf', 'popularSearches'] satisfies (keyof CacheManagerOptions)[];

/** All types of a manager: the built-in ones, those given in code first. */
export type ManagerTypes<T extends CacheTypes> = Omit<HuntlyTypes, keyof T> & {
  readonly [N in keyof T]: N extends 'search' ? T[N] & WithQuery : T[N];
};
export type ManagerTypeName<T extends CacheTypes> = keyof ManagerTypes<T> & string;
/** What the values of one type of a manager are; of `search`, its results. */
export type ManagerValue<T extends CacheTypes, N> =
  N extends Exclude<ManagerTypeName<T>, 'search'> ? ValueOf<ManagerTypes<T>[N]> : unknown;

export interface CachedSearch<R> {
  readonly results: R;
  readonly cachedAt: Date;
}

/** The outcome of `claimSearch`: the cached results, or the right to fill them. */
export type SearchClaim<R> =
  | { readonly hit: true; readonly value: CachedSearch<R> }
  | { readonly hit: false; fill(results: R | PromiseLike<R>): Promise<CachedSearch<R>>; release(): Promise<void> };

export interface CacheStats {
  readonly popularSearches: readonly PopularSearch[];
  readonly health: CacheHealth;
  /** What the Redis says of itself; `null` where the store is not Redis, or does not answer. */
  readonly redisInfo: StoreReport | null;
  /** Those of its children are in it. */
  readonly types: Readonly<Record<string, TypeStats>>;
}

/**
 * A cache with the types and verbs of a lead-search product, set up from the environment (`loadCacheConfig`). Entries
 * live in this process, unless a `store` is given: only `createCacheManager` of `@huntly/cache-redis` reads
 * `REDIS_URL`.
 * @throws CacheConfigError with everything that is wrong with the environment, then with the options; the given store
 *   is closed then.
 * @example
 * const manager = createCacheManager();
 * await manager.cacheLeadData(42, lead);
 */
export function createCacheManager<const T extends CacheTypes = Record<never, never>>(
  options: CacheManagerOptions<T> = {},
): CacheManager<T> {
  return closingOnFailure(options, () => new CacheManager(options));
}

/**
 * The type parameter `R` of a reading verb is the caller's word for what was stored; `manager.type(…)` infers it
 * instead.
 */
export class CacheManager<T extends CacheTypes = Record<never, never>> extends Cache<ManagerTypes<T>> {
  protected static override readonly optionNames: readonly string[] = [...Cache.optionNames, ...OWN_OPTIONS];
  readonly #search: TypedCache<StoredSearch, unknown>;
  readonly #popular: PopularSearches;

  constructor(options: CacheManagerOptions<T> = {}) {
    const config = loadCacheConfig(options.env);
    if (isAsyncFunction(options.leadIdsOf))
      throw new CacheConfigError(['leadIdsOf must be a function that is not async: its answer is needed at once']);
    super(cacheOptions(options, config));
    this.#search = this.#typed('search') as TypedCache<StoredSearch, unknown>;
    this.#popular = new PopularSearches(this.engine, options.namespace, options.popularSearches);
    if (!options.store) this.#sayWhereEntriesLive(options.env ?? process.env);
  }

  // Any type, by name.

  /** The cached value, `undefined` where there is none. */
  get<N extends ManagerTypeName<T>>(
    type: N,
    identifier: unknown,
    options?: LookOptions,
  ): Promise<ManagerValue<T, N> | undefined>;
  get<R>(type: ManagerTypeName<T>, identifier: unknown, options?: LookOptions): Promise<R | undefined>;
  async get<R>(type: ManagerTypeName<T>, identifier: unknown, options?: LookOptions): Promise<R | undefined> {
    if (type === 'search') return (await this.getCachedSearchResults<R>(identifier, options))?.results;
    return this.#typed(type).get(identifier, options) as Promise<R | undefined>;
  }

  /** @returns whether it was stored. */
  async set<N extends ManagerTypeName<T>>(
    type: N,
    identifier: unknown,
    data: ManagerValue<T, N>,
    ttl?: Ttl<unknown>,
  ): Promise<boolean> {
    return this.#typed(type).set(identifier, type === 'search' ? this.#stamped(data) : data, { ttl });
  }

  /** @returns whether there was a value. @throws InvalidationError if the store does not answer */
  async delete(type: ManagerTypeName<T>, identifier: unknown): Promise<boolean> {
    const { applied, removed } = await this.#typed(type).invalidate(identifier);
    if (!applied) throw new InvalidationError('The value was not deleted: the store does not answer. Repeat it.');
    return removed > 0;
  }

  async exists(type: ManagerTypeName<T>, identifier: unknown): Promise<boolean> {
    return this.#typed(type).exists(identifier);
  }

  /** Seconds left; −1 if it never expires, −2 if there is no value. */
  async getTtl(type: ManagerTypeName<T>, identifier: unknown): Promise<number> {
    return this.#typed(type).getTtl(identifier);
  }

  // Searches: the identifier is the query, any plain data.

  /**
   * Stores search results, tagged with the leads in them. More than `MAX_SEARCH_RESULTS` are not stored.
   * Results that were read before a lead was invalidated are old: where that can happen use `claimSearch`.
   */
  async cacheSearchResults(query: unknown, results: unknown, ttl?: Ttl<unknown>): Promise<boolean> {
    return this.#search.set(query, this.#stamped(results), { ttl });
  }

  async getCachedSearchResults<R = unknown>(
    query: unknown,
    options?: LookOptions,
  ): Promise<CachedSearch<R> | undefined> {
    const stored = await this.#search.get(query, options);
    return stored && unstamped<R>(stored);
  }

  /**
   * The cached results, or the right to fill them; others who ask for the same query wait meanwhile.
   * @example
   * const claim = await manager.claimSearch(query);
   * return claim.hit ? claim.value : claim.fill(await engine.search(query));
   */
  async claimSearch<R = unknown>(
    query: unknown,
    options?: Pick<ReadOptions<unknown>, 'force' | 'signal'>,
  ): Promise<SearchClaim<R>> {
    const claim = await this.#search.claim(query, options);
    if (claim.hit) return { hit: true, value: unstamped<R>(claim.value) };
    return {
      hit: false,
      fill: async (results) => unstamped<R>(await claim.fill(this.#stamped(results))),
      release: () => claim.release(),
    };
  }

  /**
   * The cached results, or what `loader` finds; however many ask at once, one loader runs. `undefined` is not cached.
   * @example const { results } = await manager.getOrSetSearch(query, () => engine.search(query));
   */
  async getOrSetSearch<R>(query: unknown, loader: Loader<R>, options: ReadOptions<R> = {}): Promise<CachedSearch<R>> {
    const { ttl, grace, tags } = options;
    const stored = await this.#search.getOrSet(
      query,
      async (context) => this.#stamped(await loader(searchContext(context))),
      {
        ...options,
        ttl: typeof ttl === 'function' ? ({ results }) => ttl(results as R) : ttl,
        grace: typeof grace === 'function' ? ({ results }) => grace(results as R) : grace,
        tags: typeof tags === 'function' ? ({ results }) => tags(results as R) : tags,
      },
    );
    return unstamped<R>(stored);
  }

  async invalidateSearchCache(): Promise<InvalidationResult> {
    return this.#search.invalidateAll();
  }

  // Leads

  async cacheLeadData(leadId: Identifier, data: ManagerValue<T, 'lead'>, ttl?: Ttl<unknown>): Promise<boolean> {
    return this.#typed('lead').set(leadId, data, { ttl });
  }

  async getCachedLeadData<R = ManagerValue<T, 'lead'>>(leadId: Identifier): Promise<R | undefined> {
    return this.get<R>('lead', leadId);
  }

  /**
   * Drops a lead and every cached search that contains it. A search that the lead *enters* by the change does not
   * contain it yet: where a change can do that, drop `allSearches`.
   */
  async invalidateLeadCache(leadId: Identifier, options: { allSearches?: boolean } = {}): Promise<InvalidationResult> {
    const lead = this.#typed('lead').targetOf(leadId);
    const { namespace } = lead.key.scope;
    const tags = options.allSearches ? [leadTag(leadId), 'search'] : [leadTag(leadId)];
    return this.invalidator.invalidate([lead, ...tags.map((tag) => ({ kind: 'tag', namespace, tag }) as const)]);
  }

  /** Drops all leads, and all cached searches, since they show leads. */
  async invalidateAllLeadCaches(): Promise<InvalidationResult> {
    return this.invalidateTags(['lead', 'search']);
  }

  // User preferences, analytics, suggestions

  async cacheUserPrefs(email: string, prefs: ManagerValue<T, 'user_prefs'>, ttl?: Ttl<unknown>): Promise<boolean> {
    return this.set('user_prefs', email, prefs, ttl);
  }

  async getCachedUserPrefs<R = ManagerValue<T, 'user_prefs'>>(email: string): Promise<R | undefined> {
    return this.get<R>('user_prefs', email);
  }

  async invalidateUserPrefs(email: string): Promise<InvalidationResult> {
    return this.#typed('user_prefs').invalidate(email);
  }

  async cacheAnalytics(metricKey: string, data: ManagerValue<T, 'analytics'>, ttl?: Ttl<unknown>): Promise<boolean> {
    return this.set('analytics', metricKey, data, ttl);
  }

  async getCachedAnalytics<R = ManagerValue<T, 'analytics'>>(metricKey: string): Promise<R | undefined> {
    return this.get<R>('analytics', metricKey);
  }

  async invalidateAnalytics(metricKey: string): Promise<InvalidationResult> {
    return this.#typed('analytics').invalidate(metricKey);
  }

  async cacheSuggestions(
    prefix: string,
    suggestions: ManagerValue<T, 'suggestions'>,
    ttl?: Ttl<unknown>,
  ): Promise<boolean> {
    return this.set('suggestions', prefix, suggestions, ttl);
  }

  async getCachedSuggestions<R = ManagerValue<T, 'suggestions'>>(prefix: string): Promise<R | undefined> {
    return this.get<R>('suggestions', prefix);
  }

  async invalidateSuggestions(prefix: string): Promise<InvalidationResult> {
    return this.#typed('suggestions').invalidate(prefix);
  }

  // Popular searches

  /**
   * Counts one search, in this process; the store learns of it in the background.
   * @throws KeyError for anything but a text.
   */
  async addPopularSearch(query: string): Promise<void> {
    if (this.enabled) this.#popular.add(query);
  }

  async getPopularSearches(limit = 10): Promise<readonly PopularSearch[]> {
    return this.enabled ? this.#popular.top(limit) : [];
  }

  /** Forgets a search term. @returns whether it was known. */
  async removePopularSearch(query: string): Promise<boolean> {
    return this.#popular.remove(query);
  }

  // The whole

  async getCacheStats(): Promise<CacheStats> {
    const [popularSearches, health] = await Promise.all([this.getPopularSearches(), this.healthCheck()]);
    const redisInfo = health.report?.kind === 'redis' ? health.report : null;
    return { popularSearches, health, redisInfo, types: this.stats({ children: true }) };
  }

  override close(): Promise<void> {
    return this.#popular.flush().then(() => super.close());
  }

  /** Drops all values of this namespace, and the popular searches. */
  async clearAllCache(): Promise<InvalidationResult> {
    const isRankingCleared = await this.#popular.clear();
    const result = await this.clear();
    return { ...result, applied: result.applied && isRankingCleared };
  }

  /** Two packages have a function `createCacheManager`, and only one of them reads `REDIS_URL`. */
  #sayWhereEntriesLive(env: Environment): void {
    const place = 'entries live in this process and are not shared with others';
    if (!env['REDIS_URL']?.trim()) return this.logger.info({}, `no store given: ${place}`);
    const remedy = "import createCacheManager from '@huntly/cache-redis', or give the option store";
    this.logger.warn({}, `REDIS_URL is set, but @huntly/cache-core does not read it, so ${place}: ${remedy}`);
  }

  /** Names come from callers at run time here, so the type parameters say nothing. */
  #typed(type: string): TypedCache<unknown, unknown> {
    return this.type(type as keyof ManagerTypes<T> & string) as unknown as TypedCache<unknown, unknown>;
  }

  /** The time is that at which the results are there. */
  #stamped(results: unknown): StoredSearch | Promise<StoredSearch> {
    if (isThenable(results)) return Promise.resolve(results).then((found) => this.#stamped(found));
    return { results, cachedAt: new Date(this.engine.clock.epoch()).toISOString() };
  }
}

/** The context of a loader of results: its previous value is without the time. */
function searchContext<R>(context: LoaderContext<StoredSearch>): LoaderContext<R> {
  const { previous, skip, setTtl, setTags } = context;
  return {
    get signal() {
      return context.signal; // made when it is asked for
    },
    previous: previous?.results as R | undefined,
    skip,
    setTtl,
    setTags,
  };
}

function unstamped<R>({ results, cachedAt }: StoredSearch): CachedSearch<R> {
  return { results: results as R, cachedAt: new Date(cachedAt) };
}

function cacheOptions<T extends CacheTypes>(
  options: CacheManagerOptions<T>,
  config: CacheConfig,
): CacheOptions<ManagerTypes<T>> {
  const { env: _env, leadIdsOf = defaultLeadIdsOf, popularSearches: _popularSearches, ...rest } = options;
  const { logger, enabled, sweepBatchSize, defaultTtl, logLevel } = rest;
  const types: Record<string, CacheTypeOptions<never>> = { ...options.types };
  for (const [name, builtIn] of Object.entries(huntlyTypes(config, leadIdsOf))) {
    types[name] = { ...builtIn, ...types[name] };
  }
  return {
    ...rest,
    types: types as CacheTypes as ManagerTypes<T>,
    logger: logger ?? defaultLogger(logLevel ?? config.logLevel),
    enabled: enabled ?? config.enabled,
    sweepBatchSize: sweepBatchSize ?? config.indexingBatchSize,
    defaultTtl: defaultTtl ?? config.defaultTtl,
  };
}
