import { ignoreRejection, isThenable } from '../at-once.ts';
import type { ResolvedType } from '../config/cache-types.ts';
import { CacheConfigError, kindOf } from '../errors.ts';
import type { Identifier } from '../keys/key.ts';
import type { TypeObserver } from '../observe/type-observer.ts';
import type { Entry, StoreKey, Target } from '../store/store.ts';
import { BatchLoad, type BatchLoader } from './batch-load.ts';
import { BatchMapCheck } from './batch-map.ts';
import { type Claim, type Hit, RunningClaim } from './claim.ts';
import { Degraded } from './degraded.ts';
import type { TypeContext } from './engine.ts';
import type { FillOptions } from './entry-builder.ts';
import type { InvalidationResult, Invalidator } from './invalidator.ts';
import { type Loader, loadUncached } from './loading.ts';
import type { LocalTier } from './local-tier.ts';
import {
  type ArrivedEntry,
  checkMany,
  checkOnNotStored,
  entriesOf,
  inChunks,
  type ManyEntry,
  type SetManyOptions,
} from './many.ts';
import { checkLookOptions, checkReadOptions, type LookOptions, type ReadOptions } from './read-options.ts';
import type { ReadRequest } from './read-request.ts';
import { Reader } from './reader.ts';
import { allArrived } from './thenable.ts';
import { untilAborted } from './until-aborted.ts';
import { Writer } from './writer.ts';

const NO_OPTIONS = {};
const STALE: LookOptions = { stale: true };
/** How the value of a look-up counts. */
const COUNTED = { fresh: 'hits', stale: 'stale' } as const;

export interface TypedCacheParts {
  readonly context: TypeContext;
  readonly invalidator: Invalidator;
  readonly enabled: boolean;
}

/** One type of a cache. `V` is what its values are, `I` what identifies one. Keep it: its options are resolved once. */
export class TypedCache<V, I = Identifier> {
  readonly #context: TypeContext;
  readonly #type: ResolvedType;
  readonly #observer: TypeObserver;
  readonly #invalidator: Invalidator;
  readonly #reader: Reader;
  readonly #writer: Writer;
  /** Undefined where this type has none. */
  readonly #degraded: Degraded | undefined;
  readonly #batchMaps: BatchMapCheck;
  readonly #enabled: boolean;
  /** Undefined where this type has none. */
  readonly #copies: LocalTier | undefined;

  /** @internal Made by `cache.type(name)`. */
  constructor(parts: TypedCacheParts) {
    this.#context = parts.context;
    this.#type = parts.context.type;
    this.#observer = parts.context.observer;
    this.#invalidator = parts.invalidator;
    this.#enabled = parts.enabled;
    const { local } = parts.context.engine;
    const hasCopies = parts.enabled && parts.context.type.isLocal;
    this.#copies = hasCopies ? local.tier : undefined;
    if (hasCopies) local.follow(parts.context.type.scope);
    this.#reader = new Reader(parts.context, this.#copies);
    this.#writer = new Writer(parts.context);
    const { degradedMs } = this.#type;
    this.#degraded = degradedMs === undefined ? undefined : new Degraded(parts.context, degradedMs);
    this.#batchMaps = new BatchMapCheck(parts.context);
  }

  /**
   * The cached value, or what `loader` returns. However many callers ask at once, one loader runs; if it fails, all of
   * them get the same error object. `null` is cached; `undefined` means "do not cache".
   * @throws KeyError or CacheConfigError for a bad identifier, loader or option; what the loader throws, or
   * LoaderTimeoutError; the reason of `options.signal` if that was aborted. A store that fails never makes it throw.
   * @example const lead = await leads.getOrSet(id, ({ signal }) => db.lead(id, { signal }));
   */
  getOrSet<T extends V>(identifier: I, loader: Loader<T, V>, options: ReadOptions<T> = NO_OPTIONS): Promise<T> {
    return this.#getOrSet(identifier, loader, options, undefined);
  }

  /**
   * The values of several identifiers, in their order, 500 at a time: one read of the store; one call of `loadMissing`
   * for all that is neither there nor being loaded by another, and further ones for what turns out to be missing later.
   * Each value keeps its own promises: it is coalesced, stored or refused by itself.
   * @throws the first error of a value, as `getOrSet`, when all are settled. KeyError for more than 10,000 identifiers.
   * @example const found = await leads.getOrSetMany(ids, (missing) => db.leads(missing));
   */
  async getOrSetMany<T extends V>(
    identifiers: readonly I[],
    loadMissing: BatchLoader<T, I>,
    options: ReadOptions<T> = {},
  ): Promise<T[]> {
    checkBatch(identifiers, loadMissing);
    return inChunks(identifiers, async (chunk) => {
      const reads = this.#readChunk(chunk, loadMissing, options);
      await Promise.allSettled(reads);
      return Promise.all(reads);
    });
  }

  /**
   * As `getOrSetMany`, but each value settles by itself, as in `Promise.allSettled`: a bad identifier, or a load that
   * failed, is the `reason` of that value alone. With a `signal` it gives what is there when that is aborted; all else
   * has the reason of the signal.
   * @throws KeyError for more than 10,000 identifiers; KeyError or CacheConfigError for a bad loader or option.
   * @example
   * const settled = await leads.getOrSetManySettled(ids, (missing) => db.leads(missing));
   * const found = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
   */
  async getOrSetManySettled<T extends V>(
    identifiers: readonly I[],
    loadMissing: BatchLoader<T, I>,
    options: ReadOptions<T> = {},
  ): Promise<PromiseSettledResult<T>[]> {
    checkBatch(identifiers, loadMissing);
    checkReadOptions(this.#type, options);
    return inChunks(identifiers, (chunk) => Promise.allSettled(this.#readChunk(chunk, loadMissing, options)));
  }

  /** The reads of some values whose loads travel together. */
  #readChunk<T extends V>(chunk: readonly I[], loadMissing: BatchLoader<T, I>, options: ReadOptions<T>): Promise<T>[] {
    const batch = new BatchLoad<T, I>(chunk.length, loadMissing, this.#batchMaps);
    const reads = chunk.map((identifier) => {
      const decided = batch.member();
      const load: Loader<T, V> = ({ signal }) => batch.load(identifier, signal, decided);
      return this.#getOrSet(identifier, load, options, decided).finally(decided);
    });
    void Promise.allSettled(reads).then(() => batch.end());
    return reads;
  }

  /** The hot path: a hit in this process makes nothing at all. */
  #getOrSet<T extends V>(
    identifier: I,
    loader: Loader<T, V>,
    options: ReadOptions<T>,
    onWaiting: (() => void) | undefined,
  ): Promise<T> {
    try {
      if (typeof loader !== 'function')
        throw new CacheConfigError([`loader must be a function; got ${kindOf(loader)}`]);
      const text = this.#type.keyOf(identifier);
      const copy = this.#copies?.find(text);
      if (copy === undefined || (options !== NO_OPTIONS && isNoCopyEnough(options)))
        return this.#readOrLoad(text, loader, options, onWaiting);
      this.#observer.countLocalHit(text);
      if (this.#type.refreshAhead && this.#context.engine.clock.now() >= copy.refreshFrom)
        this.#reader.refreshCopy(this.#request(text, loader, options, undefined), copy);
      return copy.answer as Promise<T>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #readOrLoad<T extends V>(
    text: string,
    loader: Loader<T, V>,
    options: ReadOptions<T>,
    onWaiting: (() => void) | undefined,
  ): Promise<T> {
    const request = this.#request(text, loader, options, onWaiting);
    const read = this.#enabled
      ? this.#claimAndLoad<T>(request, loader)
      : untilAborted(options.signal, loadUncached(this.#context, text, loader));
    return this.#degraded === undefined ? read : this.#degraded.insteadOfError(request, read);
  }

  async #claimAndLoad<T extends V>(request: ReadRequest, loader: Loader<T, V>): Promise<T> {
    const claim = await this.#claim(request);
    return claim instanceof RunningClaim
      ? untilAborted(request.options.signal, claim.load(loader))
      : (claim.value as T);
  }

  /** For a caller that may leave: a right that comes too late is given back, so that one of those who wait has it. */
  #claim(request: ReadRequest): Promise<Hit<unknown> | RunningClaim<unknown>> {
    const giveBack = (claim: Hit<unknown> | RunningClaim<unknown>) => {
      if (claim instanceof RunningClaim) this.#context.engine.runInBackground('release', claim.release());
    };
    return untilAborted(request.options.signal, this.#reader.claim(request), giveBack);
  }

  /**
   * The cached value, or the right to fill it, when the load is not one function. While it is held, other callers wait.
   * @param options with a `signal` the caller leaves while it waits; a claim that it was given does not follow the
   * signal.
   * @throws KeyError or CacheConfigError as `getOrSet`; the reason of `options.signal` if that was aborted.
   * @example
   * const claim = await leads.claim(id);
   * return claim.hit ? claim.value : claim.fill(await db.lead(id));
   */
  async claim(identifier: I, options: ReadOptions<V> = {}): Promise<Claim<V>> {
    const request = this.#request(this.keyOf(identifier), undefined, options, undefined);
    if (!this.#enabled)
      return { hit: false, previous: undefined, fill: async (value) => value, release: async () => {} };
    const claim = await this.#claim(request);
    return claim instanceof RunningClaim ? (claim.lapse() as RunningClaim<V>) : { hit: true, value: claim.value as V };
  }

  /**
   * The cached value; `undefined` where there is none that is fresh, or, with `stale`, none at all.
   * @throws KeyError or CacheConfigError for a bad identifier or option; the reason of `options.signal` if that was
   * aborted.
   * @example const last = await leads.get(id, { stale: true }); // at once, whatever its age
   */
  async get(identifier: I, options: LookOptions = NO_OPTIONS): Promise<V | undefined> {
    if (options !== NO_OPTIONS) startLooking(options);
    const key = this.#key(identifier);
    const copy = this.#copies?.find(key.text);
    if (copy) {
      this.#observer.count('localHits', key.text);
      return copy.value as V;
    }
    const found = await this.#look(key, options);
    if (this.#enabled) this.#observer.count(found ? COUNTED[found.kind] : 'misses', key.text);
    return found?.value;
  }

  /**
   * Those of several identifiers, in their order, in one read of the store. @throws as `get`, and KeyError for more
   * than 10,000.
   */
  async getMany(identifiers: readonly I[], options: LookOptions = NO_OPTIONS): Promise<(V | undefined)[]> {
    checkMany(identifiers);
    if (options !== NO_OPTIONS) startLooking(options);
    const { signal, stale } = options;
    const each = stale ? STALE : NO_OPTIONS;
    return untilAborted(signal, Promise.all(identifiers.map((identifier) => this.get(identifier, each))));
  }

  /** As `get`, but leaves no trace in the statistics. */
  async peek(identifier: I, options: LookOptions = NO_OPTIONS): Promise<V | undefined> {
    if (options !== NO_OPTIONS) startLooking(options);
    const key = this.#key(identifier);
    const found = this.#copies?.find(key.text) ?? (await this.#look(key, options));
    return found?.value as V | undefined;
  }

  async exists(identifier: I): Promise<boolean> {
    return (await this.#look(this.#key(identifier))) !== undefined;
  }

  /** Seconds that the value is still fresh, rounded up; −1 if for ever, −2 if there is none that is. */
  async getTtl(identifier: I): Promise<number> {
    const found = await this.#look(this.#key(identifier));
    if (!found) return -2;
    const { freshForMs } = found.entry;
    return Number.isFinite(freshForMs) ? Math.ceil(freshForMs / 1000) : -1;
  }

  /**
   * Stores a value as it is; the last `set` wins. A promise is awaited first, and its error is that of `set`. A value
   * that was read before an invalidation and set after it is old: where that can happen use `getOrSet` or `claim`.
   * @returns whether it was stored: not, if the key was invalidated or set again meanwhile.
   * @throws KeyError or CacheConfigError for a bad identifier, TTL or tag.
   */
  async set<T extends V>(identifier: I, value: T | PromiseLike<T>, options: FillOptions<T> = {}): Promise<boolean> {
    const arrived = isThenable(value) ? await value : value; // before all else: its rejection must be handled
    return this.#set([identifier, arrived, options], NO_OPTIONS);
  }

  async #set<T extends V>([identifier, value, own = NO_OPTIONS]: ArrivedEntry<T, I>, common: FillOptions<T>) {
    const key = this.#key(identifier);
    this.#writer.check(common, own);
    return this.#enabled ? this.#context.engine.follow(this.#writer.write(key, value, own, common)) : false;
  }

  /**
   * Stores several values, 500 at a time. Each may have options of its own: its `ttl` and `grace` come before those of
   * the call, its tags are added.
   * @returns how many were stored; `onNotStored` hears which were not.
   * @throws as `set`, and KeyError for more than 10,000
   * @example await leads.setMany(rows, { onNotStored: (ids) => log.warn({ ids }, 'not cached') });
   * @example await leads.setMany([[1, ada], [2, null, { ttl: '30s' }]], { tags: ['import'] });
   */
  async setMany<T extends V>(entries: Iterable<ManyEntry<T, I>>, options: SetManyOptions<T, I> = {}): Promise<number> {
    const all = await allArrived<T, I>(entriesOf(entries));
    const { onNotStored, ...common } = checkOnNotStored(options);
    const { bulk } = this.#context.engine;
    const set = (entry: ArrivedEntry<T, I>) => bulk.run(() => this.#set(entry, common));
    const isStored = await inChunks(all, (chunk) => Promise.all(chunk.map(set)));
    const missed = all.flatMap(([identifier], index) => (isStored[index] ? [] : [identifier]));
    if (missed.length > 0) this.#report(onNotStored, missed);
    return all.length - missed.length;
  }

  /** A listener that is asynchronous is not waited for, but its rejection must not end the process. */
  #report(onNotStored: ((identifiers: readonly I[]) => unknown) | undefined, missed: readonly I[]): void {
    const failed = (error: unknown) => this.#context.engine.logger.error({ err: error }, 'onNotStored failed');
    ignoreRejection(onNotStored?.(missed), failed);
  }

  /**
   * Makes a value stale on purpose: the next reader refreshes it, and until then its `grace` counts. Without grace it
   * is gone, and so is a value of another program, which has none. For a change that readers may learn of a little
   * later; a value that must not be seen again is invalidated.
   * @returns whether the store was told. @throws KeyError
   */
  async expire(identifier: I): Promise<boolean> {
    const key = this.#key(identifier);
    const { engine } = this.#context;
    try {
      await engine.ask('expire', (store) => store.expire([key], engine.newBudget()));
      engine.flights.detach(key.text);
      engine.drop([{ kind: 'key', key }]);
      this.#observer.expired(key.text);
      return true;
    } catch (error) {
      this.#observer.count('storeErrors', key.text, error); // said by `ask`
      return false;
    }
  }

  /** Drops one value. A load of it that runs is not stored. Also works where the cache is not enabled. */
  async invalidate(identifier: I): Promise<InvalidationResult> {
    return this.#invalidator.invalidate([this.targetOf(identifier)]);
  }

  /** Drops several values at once; none for an empty list. */
  async invalidateMany(identifiers: readonly I[]): Promise<InvalidationResult> {
    checkMany(identifiers);
    return this.#invalidator.invalidate(identifiers.map((identifier) => this.targetOf(identifier)));
  }

  /** @internal The value as the target of an invalidation that has others as well. @throws KeyError */
  targetOf(identifier: I): Extract<Target, { kind: 'key' }> {
    return { kind: 'key', key: this.#key(identifier) };
  }

  /** Drops all values of this type, at the cost of one, however many there are. */
  async invalidateAll(): Promise<InvalidationResult> {
    const { namespace, type } = this.#type.scope;
    return this.#invalidator.invalidate([{ kind: 'tag', namespace, tag: type }]);
  }

  /** The key of a value as it stands in the store. @throws KeyError */
  keyOf(identifier: I): string {
    return this.#type.keyOf(identifier);
  }

  async #look(
    key: StoreKey,
    { stale, signal }: LookOptions = NO_OPTIONS,
  ): Promise<{ kind: 'fresh' | 'stale'; value: V; entry: Entry } | undefined> {
    if (!this.#enabled) return undefined;
    const lookup = await untilAborted(signal, this.#reader.look(key, undefined, stale));
    return lookup.kind === 'fresh' || lookup.kind === 'stale' ? { ...lookup, value: lookup.value as V } : undefined;
  }

  #key(identifier: I): StoreKey {
    return this.#keyOfText(this.#type.keyOf(identifier));
  }

  #keyOfText(text: string): StoreKey {
    const { scope, acceptsForeign } = this.#type;
    return { text, scope, acceptsForeign };
  }

  #request(
    text: string,
    loader: ReadRequest['loader'],
    options: ReadOptions<never>,
    onWaiting: ReadRequest['onWaiting'],
  ): ReadRequest {
    const tags = checkReadOptions(this.#type, options);
    options.signal?.throwIfAborted();
    return { key: this.#keyOfText(text), loader, options, tags, onWaiting, isBulk: onWaiting !== undefined };
  }
}

/** @throws KeyError, CacheConfigError; the reason of a signal that is aborted */
function startLooking(options: LookOptions): void {
  checkLookOptions(options);
  options.signal?.throwIfAborted();
}

/** @throws KeyError, CacheConfigError */
function checkBatch(identifiers: readonly unknown[], loadMissing: unknown): void {
  checkMany(identifiers);
  if (typeof loadMissing !== 'function')
    throw new CacheConfigError([`loadMissing must be a function; got ${kindOf(loadMissing)}`]);
}

/**
 * Must this read not be answered by a copy in this process? Other faults of the options are reported where no copy
 * answers.
 */
function isNoCopyEnough(options: ReadOptions<never> | null): boolean {
  return Boolean(options?.force || options?.signal?.aborted);
}
