import { systemClock } from '../clock.ts';
import type { Schema } from '../codec/schema.ts';
import {
  type CacheTypeOptions,
  keyProblem,
  type ResolvedType,
  resolveTypes,
  type SharedTypeSettings,
} from '../config/cache-types.ts';
import { typeWarnings } from '../config/type-warnings.ts';
import { CacheConfigError, KeyError, kindOf, StoreUnavailableError } from '../errors.ts';
import type { Identifier } from '../keys/key.ts';
import { KeyMemory } from '../keys/key-memory.ts';
import { buildPattern, parsePattern } from '../keys/pattern.ts';
import { checkNamespaceName, namespaceBelow } from '../keys/scope.ts';
import { type CacheEventName, CacheEvents, type CacheListener, type ChildrenOption } from '../observe/events.ts';
import { type CacheHealth, checkHealth, type HealthOptions } from '../observe/health.ts';
import { defaultLogger, guardedLogger, type Logger, silentLogger } from '../observe/logger.ts';
import type { TypeStats } from '../observe/stats.ts';
import { didYouMean } from '../option-names.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { TagTarget } from '../store/store.ts';
import {
  CACHE_OPTIONS,
  type CacheOptions,
  type CacheTypes,
  closingOnFailure,
  guardSettings,
  optionProblems,
  type ReadyOptions,
  readyTimeoutMs,
} from './cache-options.ts';
import { deferred } from './deferred.ts';
import { Engine } from './engine.ts';
import { checkTags } from './entry-builder.ts';
import { type InvalidationResult, Invalidator, type PatternOptions } from './invalidator.ts';
import { TypedCache } from './typed-cache.ts';

/**
 * What a type's values are, from its schema, `cacheType<V>()` or the parameter of its `ttl`, `tags` or `codec`
 * function.
 */
export type ValueOf<T> = T extends { readonly schema: Schema<infer V> }
  ? V
  : T extends CacheTypeOptions<infer V>
    ? V
    : unknown;
/** What identifies a value of a type. */
export type IdentifierOf<T> = T extends { readonly identifier: 'query' } ? unknown : Identifier;

/**
 * A cache of the given types.
 * @throws CacheConfigError with everything that is wrong with the options; the given store is closed then.
 * @example
 * const cache = createCache({ types: { lead: { ttl: '2h' } } });
 * const lead = await cache.type('lead').getOrSet(42, () => db.lead(42));
 */
export function createCache<const T extends CacheTypes>(options: CacheOptions<T>): Cache<T> {
  return closingOnFailure(options, () => new Cache(options));
}

export class Cache<T extends CacheTypes = CacheTypes> {
  /** Names of the constructor's options, for classes that extend this one. */
  protected static readonly optionNames: readonly string[] = CACHE_OPTIONS;
  /** Its `level` can be set while running, if it is the default one or a pino logger. */
  readonly logger: Logger;
  readonly enabled: boolean;
  /** For what is built upon this class. */
  protected readonly engine: Engine;
  protected readonly invalidator: Invalidator;
  readonly #options: CacheOptions<T>;
  readonly #parent: Engine | undefined;
  readonly #namespace: string | undefined;
  readonly #shared: Omit<SharedTypeSettings, 'types'>;
  readonly #resolved: Map<string, ResolvedType>;
  readonly #events: CacheEvents;
  readonly #types = new Map<string, TypedCache<never, never>>();
  #closing: Promise<void> | undefined;
  readonly #closed = deferred<void>();

  /** @param parent of a child, whose store it uses */
  constructor(options: CacheOptions<T>, parent?: Engine) {
    const problems = optionProblems(options, new.target.optionNames);
    this.#options = options;
    this.#parent = parent;
    const { namespace, logger, clock = systemClock, random = Math.random } = options;
    this.#namespace = namespace;
    const { defaultTtl, secret, local } = options;
    const keyMemory = new KeyMemory(parent?.keyMemory);
    this.#shared = { namespace, defaultTtl, secret, local, keyMemory };
    this.#resolved = new Map(resolveTypes({ ...this.#shared, types: options.types }, problems));
    this.enabled = options.enabled ?? true;
    this.logger = logger === false ? silentLogger : (logger ?? defaultLogger(options.logLevel ?? 'warn'));
    const guarded = guardedLogger(this.logger);
    const events = new CacheEvents(
      guarded,
      namespace,
      parent && { events: parent.events, shared: sharedEvents(parent) },
    );
    this.#events = events;
    this.engine = new Engine({
      store: parent?.store ?? options.store ?? memoryStore({ clock }),
      guard: guardSettings(options),
      parent,
      local: { ...(typeof options.local === 'object' && options.local), namespace },
      clock,
      random,
      logger: guarded,
      events,
      keyMemory,
      latency: options.latency ?? false,
    });
    const { sweepBatchSize: batchSize = 100, strict: isStrict = false } = options;
    this.invalidator = new Invalidator(this.engine, { batchSize, isStrict });
    for (const [name, type] of this.#resolved) this.#open(name, type);
    if (parent) return; // its types are those of its parent
    for (const [name, type] of this.#resolved) {
      for (const warning of typeWarnings(type)) guarded.warn({ type: name }, warning);
    }
  }

  /** One type of this cache. @throws KeyError for a name that was not declared. */
  type<N extends keyof T & string>(name: N): TypedCache<ValueOf<T[N]>, IdentifierOf<T[N]>> {
    this.#typeOf(name);
    return this.#types.get(name) as unknown as TypedCache<ValueOf<T[N]>, IdentifierOf<T[N]>>;
  }

  /**
   * A type that was not declared at the start, for what is built upon a cache. A name that is known keeps its settings.
   * @throws CacheConfigError with everything that is wrong with the options, or if the name is that of a type with
   *   another codec.
   */
  addType<V, I = Identifier>(name: string, options: CacheTypeOptions<V>): TypedCache<V, I> {
    const known = this.#resolved.get(name);
    if (known && !known.codec.isOf(options.codec)) {
      throw new CacheConfigError([
        `the type "${name}" is there already, with another codec, so it holds other values; give one of them another name`,
      ]);
    }
    if (!known) {
      for (const [added, type] of resolveTypes({ ...this.#shared, types: { [name]: options } }, [])) {
        this.#resolved.set(added, type);
        this.#open(added, type);
      }
    }
    return this.#types.get(name) as unknown as TypedCache<V, I>;
  }

  /**
   * A cache of the same types and settings whose keys and tags are apart: those of namespace `shop`, child `eu` begin
   * with `shop/eu/`. It uses the store and the breaker of this one, and, if this one has a namespace, its local copies;
   * closing it leaves them open. Its values are dropped by its own invalidations and `clear`, not by those of this
   * cache. Make one for each tenant, not for each request.
   * @throws CacheConfigError for a name that cannot stand in a key.
   * @example const tenant = cache.child(`tenant-${tenantId}`);
   */
  child(name: string): Cache<T> {
    const problem = keyProblem(() => checkNamespaceName('The name of a child', name));
    if (problem) throw new CacheConfigError([problem]);
    const namespace = namespaceBelow(this.#namespace, name);
    return new Cache({ ...this.#options, namespace, logger: this.#options.logger ?? this.logger }, this.engine);
  }

  /** Drops every value that carries one of the tags, of whatever type. @throws KeyError for a bad tag. */
  async invalidateTags(tags: readonly string[]): Promise<InvalidationResult> {
    return this.invalidator.invalidate(this.#tagTargets(checkTags(tags)));
  }

  /**
   * Drops the values whose identifier matches, one by one: `'lead:4*'`, `'search:*'`. `*` is any text, `?` one
   * character. It is `type:identifier` without the namespace, which the cache adds. Hashed identifiers only match `*`.
   * For a whole type `invalidateAll()` is far cheaper.
   * @returns how many were removed (with `dryRun`: would be).
   * @throws KeyError for a bad pattern, InvalidationError if the store could not finish it.
   * @example await cache.invalidatePattern('lead:4*', { dryRun: true });
   */
  async invalidatePattern(pattern: string, options: PatternOptions = {}): Promise<number> {
    const parsed = parsePattern(this.#namespace, pattern);
    const { type } = parsed.scope;
    const isWholeType = pattern === `${type}:*`;
    const { isHashed, acceptsForeign } = this.#typeOf(type);
    if (isHashed && !isWholeType) {
      throw new KeyError(`Identifiers of ${type} are hashed: only the pattern "${type}:*" can match them.`);
    }
    return this.invalidator.sweep(parsed, options, { mayWiden: !acceptsForeign });
  }

  /** Drops all values of all types of this cache; other namespaces and other keys of the store are not touched. */
  async clear(): Promise<InvalidationResult> {
    const types = [...this.#resolved.keys()];
    const result = await this.invalidator.invalidate(this.#tagTargets(types)); // drops them; the rest frees their memory
    if (!result.applied) return result;
    let removed = 0;
    try {
      for (const type of types)
        removed += await this.invalidator.sweep(buildPattern({ namespace: this.#namespace, type }, '*'));
    } catch (error) {
      this.engine.logger.warn({ err: error }, 'all values with a tag are dropped, but not all keys could be removed');
      const isForeignLeft = [...this.#resolved.values()].some(({ acceptsForeign }) => acceptsForeign); // they carry no tags
      return { applied: !isForeignLeft, removed };
    }
    return { applied: true, removed };
  }

  /**
   * Waits until the store can be asked. A cache works without, by loading: a service need not wait before it listens.
   * @returns whether the store can be asked; `false` when the `timeout` is over.
   * @throws StoreUnavailableError once the cache is closed, CacheConfigError for a bad timeout.
   * @example if (!(await cache.ready({ timeout: '2s' }))) console.warn('Redis is not there yet');
   */
  async ready(options: ReadyOptions = {}): Promise<boolean> {
    const { store, clock } = this.engine;
    const timeoutMs = readyTimeoutMs(options);
    const isReady = deferred<boolean>();
    const stop = store.onStatus(({ state }) => state === 'ready' && isReady.resolve(true));
    if (store.status().state === 'ready') isReady.resolve(true);
    if (timeoutMs === 0) isReady.resolve(false);
    const cancel = clock.after(timeoutMs, () => isReady.resolve(false));
    await Promise.race([this.#closed.promise, isReady.promise]);
    cancel();
    stop();
    if (this.#closing !== undefined) throw new StoreUnavailableError('The cache is closed.');
    return isReady.promise;
  }

  /**
   * Waits for every announcement of what happened before the call, in any process: what is read afterwards, also from a
   * copy in this process, is not older. About one round trip; nothing where there are no copies.
   * @example
   * await queue.take(); // another process changed the lead and invalidated it before it sent this
   * await cache.barrier();
   */
  async barrier(): Promise<void> {
    await this.engine.local.barrier();
    this.engine.lastSeen.forget();
  }

  /**
   * Whether the store answers, and what it says of itself. Whatever the store does, it never rejects.
   * @throws CacheConfigError for options that cannot work
   */
  async healthCheck(options: HealthOptions = {}): Promise<CacheHealth> {
    const { store, clock, guard, local } = this.engine;
    return checkHealth(store, clock, () => ({ guard: guard?.state(), channel: local.state }), options);
  }

  /**
   * Calls `listener` whenever the event happens, at once and within the read or write it belongs to: keep it short. It
   * gets the real key; only log lines hide a part of it. A listener that throws is logged once and fails nothing.
   * `store` and, where they share local copies, `channel` are of a cache and its children together: a listener of
   * either hears them.
   * @param options with `children: true` it also hears what happens in the children of this cache, and below.
   * @returns a function that ends it.
   * @throws CacheConfigError for a name that is none, or a listener that is no function.
   * @example const stop = cache.on('loadError', ({ key, error }) => report(error, { key }));
   */
  on<N extends CacheEventName>(event: N, listener: CacheListener<N>, options: ChildrenOption = {}): () => void {
    return this.#events.on(event, listener, options);
  }

  /**
   * What each type did since the cache was made.
   * @param options with `children: true` together with what it did in the children of this cache, and below, those that
   *   are closed included.
   */
  stats({ children = false }: ChildrenOption = {}): Record<keyof T & string, TypeStats> {
    const names = children ? [...this.engine.observers.keys()] : [...this.#types.keys()];
    const stats = names.map((name) => [name, this.engine.observerOf(name).stats({ children })]);
    return Object.fromEntries(stats) as Record<keyof T & string, TypeStats>;
  }

  /**
   * Resolves when no load, refresh, fill, set, release or invalidation of this cache or of its children is under way in
   * this process: what was loaded before the call is in the store by then, or was refused. It is made for tests. It
   * also waits for work that begins meanwhile, and for as long as a loader takes, so a loader must not await it. A
   * claim that was handed out counts from its `fill` or `release` on. Never rejects.
   * @example
   * await leads.getOrSet(42, load); // has the value before it is stored
   * await cache.settled();
   * await leads.get(42); // has it from the store
   */
  settled(): Promise<void> {
    return this.engine.settled();
  }

  /** Waits for fills that are under way, then closes the store. Reads go on, by loading. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    this.#closed.resolve();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.engine.drainForGood();
    if (this.#parent?.local !== this.engine.local) await this.engine.local.close();
    if (!this.#parent) await this.engine.store.close(); // else it is not its own
    this.engine.forget();
  }

  #open(name: string, type: ResolvedType): void {
    const { engine, invalidator, enabled } = this;
    engine.typeNames.add(name);
    const observer = engine.observerOf(name);
    this.#types.set(name, new TypedCache({ context: { engine, type, observer }, invalidator, enabled }));
  }

  /** @throws KeyError for a name that was not declared. */
  #typeOf(name: string): ResolvedType {
    const type = this.#resolved.get(name);
    if (type) return type;
    const found = typeof name === 'string' ? `"${name.slice(0, 64)}"` : kindOf(name);
    const types = [...this.#resolved.keys()];
    const meant = (typeof name === 'string' && didYouMean([name], types)) || '.';
    throw new KeyError(`There is no type ${found} in this cache; its types are ${types.join(', ')}${meant}`);
  }

  #tagTargets(tags: readonly string[]): TagTarget[] {
    return tags.map((tag) => ({ kind: 'tag', namespace: this.#namespace, tag }));
  }
}

/** What a child shares with its parent happens to both at once. */
function sharedEvents(parent: Engine): readonly CacheEventName[] {
  return parent.local.ofChildren ? ['store', 'channel'] : ['store'];
}
