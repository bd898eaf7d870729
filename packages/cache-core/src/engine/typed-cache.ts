import { isThenable } from '../at-once.ts';
import type { ResolvedType } from '../config/cache-types.ts';
import { CacheConfigError, KeyError, kindOf } from '../errors.ts';
import type { Identifier } from '../keys/key.ts';
import type { TypeObserver } from '../observe/type-observer.ts';
import type { Entry, FillReply, NewEntry, StoreKey, Target } from '../store/store.ts';
import { BatchLoad, type BatchLoader } from './batch-load.ts';
import { BatchMapCheck } from './batch-map.ts';
import { type Claim, RunningClaim } from './claim.ts';
import type { TypeContext } from './engine.ts';
import { checkFillOptions, type FillOptions, tryBuildEntry } from './entry-builder.ts';
import type { InvalidationResult, Invalidator } from './invalidator.ts';
import { type Loader, Loading, loadInTime } from './loading.ts';
import type { LocalTier } from './local-tier.ts';
import type { ReadRequest } from './read-request.ts';
import { Reader } from './reader.ts';
import { allArrived } from './thenable.ts';

const NO_OPTIONS = {};
/** Values of one call: more should come in several. */
const MAX_MANY = 10_000;
/** Of them at a time: more would hold up everybody else's. */
const CHUNK = 500;

/** How `setMany` stores its values. */
export interface SetManyOptions<T, I> extends FillOptions<T> {
  /** Is told the identifiers of the values that were not stored, if there are any, before `setMany` resolves. */
  readonly onNotStored?: ((identifiers: readonly I[]) => void) | undefined;
}

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
    this.#batchMaps = new BatchMapCheck(parts.context);
  }

  /**
   * The cached value, or what `loader` returns. However many callers ask at once, one loader runs; its error is everybody's
   * error, the same object. `null` is cached; `undefined` means "do not cache".
   * @throws KeyError or CacheConfigError for a bad identifier, loader or option; what the loader throws, or LoaderTimeoutError.
   * Trouble of the store is never thrown.
   * @example const lead = await leads.getOrSet(id, ({ signal }) => db.lead(id, { signal }));
   */
  getOrSet<T extends V>(identifier: I, loader: Loader<T, V>, options: FillOptions<T> = NO_OPTIONS): Promise<T> {
    return this.#getOrSet(identifier, loader, options, undefined);
  }

  /**
   * The values of several identifiers, in their order, 500 at a time: one read of the store; one call of `loadMissing` for all
   * that is neither there nor being loaded by another, and further ones for what turns out to be missing later. Each value keeps
   * its own promises: it is coalesced, stored or refused by itself.
   * @throws the first error of a value, as `getOrSet`, when all are settled. KeyError for more than 10,000 identifiers.
   * @example const found = await leads.getOrSetMany(ids, (missing) => db.leads(missing));
   */
  async getOrSetMany<T extends V>(
    identifiers: readonly I[],
    loadMissing: BatchLoader<T, I>,
    options: FillOptions<T> = {},
  ): Promise<T[]> {
    checkMany(identifiers);
    if (typeof loadMissing !== 'function')
      throw new CacheConfigError([`loadMissing must be a function; got ${kindOf(loadMissing)}`]);
    return inChunks(identifiers, async (chunk) => {
      const batch = new BatchLoad<T, I>(chunk.length, loadMissing, this.#batchMaps);
      const reads = chunk.map((identifier) => {
        const decided = batch.member();
        const load: Loader<T, V> = ({ signal }) => batch.load(identifier, signal, decided);
        return this.#getOrSet(identifier, load, options, decided).finally(decided);
      });
      await Promise.allSettled(reads);
      batch.end();
      return Promise.all(reads);
    });
  }

  /** The hot path: a hit in this process makes nothing at all. */
  #getOrSet<T extends V>(
    identifier: I,
    loader: Loader<T, V>,
    options: FillOptions<T>,
    onWaiting: (() => void) | undefined,
  ): Promise<T> {
    try {
      if (typeof loader !== 'function')
        throw new CacheConfigError([`loader must be a function; got ${kindOf(loader)}`]);
      const text = this.#type.keyOf(identifier);
      const copy = this.#copies?.find(text);
      if (copy === undefined) return this.#readOrLoad(text, loader, options, onWaiting);
      this.#observer.countLocalHit(text);
      if (this.#type.refreshAhead && this.#context.engine.clock.now() >= copy.refreshFrom)
        this.#reader.refreshCopy(this.#request(text, loader, options, undefined), copy);
      return copy.answer as Promise<T>;
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #readOrLoad<T extends V>(
    text: string,
    loader: Loader<T, V>,
    options: FillOptions<T>,
    onWaiting: (() => void) | undefined,
  ): Promise<T> {
    const request = this.#request(text, loader, options, onWaiting);
    if (!this.#enabled) return loadInTime(this.#context, text, loader, new Loading(undefined));
    const claim = await this.#reader.claim(request);
    return claim instanceof RunningClaim ? claim.load(loader) : (claim.value as T);
  }

  /**
   * The cached value, or the right to fill it, when the load is not one function. While it is held, other callers wait.
   * @throws KeyError or CacheConfigError as `getOrSet`.
   * @example
   * const claim = await leads.claim(id);
   * return claim.hit ? claim.value : claim.fill(await db.lead(id));
   */
  async claim(identifier: I, options: FillOptions<V> = {}): Promise<Claim<V>> {
    const request = this.#request(this.keyOf(identifier), undefined, options, undefined);
    if (!this.#enabled)
      return { hit: false, previous: undefined, fill: async (value) => value, release: async () => {} };
    const claim = await this.#reader.claim(request);
    return claim instanceof RunningClaim ? (claim.lapse() as RunningClaim<V>) : { hit: true, value: claim.value as V };
  }

  /** The cached value; `undefined` where there is none that is fresh. */
  async get(identifier: I): Promise<V | undefined> {
    const key = this.#key(identifier);
    const copy = this.#copies?.find(key.text);
    if (copy) {
      this.#observer.count('localHits', key.text);
      return copy.value as V;
    }
    const found = await this.#look(key);
    if (this.#enabled) this.#observer.count(found ? 'hits' : 'misses', key.text);
    return found?.value;
  }

  /** Those of several identifiers, in their order, in one read of the store. @throws KeyError for more than 10,000. */
  async getMany(identifiers: readonly I[]): Promise<(V | undefined)[]> {
    checkMany(identifiers);
    return Promise.all(identifiers.map((identifier) => this.get(identifier)));
  }

  /** As `get`, but leaves no trace in the statistics. */
  async peek(identifier: I): Promise<V | undefined> {
    const key = this.#key(identifier);
    const found = this.#copies?.find(key.text) ?? (await this.#look(key));
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
    const arrived = isThenable(value) ? await value : value; // before all else: its error must be somebody's
    const key = this.#key(identifier);
    checkFillOptions(this.#type, options);
    return this.#enabled ? this.#context.engine.follow(this.#set(key, arrived, options)) : false;
  }

  async #set(key: StoreKey, value: unknown, options: FillOptions<never>): Promise<boolean> {
    const settings = { ttl: options.ttl, grace: options.grace, tags: [options.tags], loadMs: 0 };
    const entry = await tryBuildEntry(this.#context, key.text, value, settings);
    if (!entry) return false;
    try {
      const verdict = await this.#store(key, entry);
      this.#observer.count(verdict, key.text);
      this.#dropCopy(key);
      return verdict === 'stored';
    } catch (error) {
      this.#dropCopy(key); // it may have been stored all the same
      this.#observer.count('storeErrors', key.text, error); // said by `ask`
      return false;
    }
  }

  /**
   * Stores several values, 200 at a time. @returns how many were stored; `onNotStored` hears which were not.
   * @throws as `set`, and KeyError for more than 10,000
   * @example await leads.setMany(rows, { onNotStored: (ids) => log.warn({ ids }, 'not cached') });
   */
  async setMany<T extends V>(
    entries: Iterable<readonly [I, T | PromiseLike<T>]>,
    options: SetManyOptions<T, I> = {},
  ): Promise<number> {
    const all = await allArrived(pairsOf(entries));
    const { onNotStored, ...each } = checkOnNotStored(options);
    const { bulk } = this.#context.engine;
    const set = ([identifier, value]: readonly [I, T]) => bulk.run(() => this.set(identifier, value, each));
    const isStored = await inChunks(all, (chunk) => Promise.all(chunk.map(set)));
    const missed = all.flatMap(([identifier], index) => (isStored[index] ? [] : [identifier]));
    if (missed.length > 0) onNotStored?.(missed);
    return all.length - missed.length;
  }

  /**
   * Makes a value stale on purpose: the next reader refreshes it, and until then its `grace` counts. Without grace it is gone, and so
   * is a value of another program, which has none.
   * For a change that readers may learn of a little later; a value that must not be seen again is invalidated.
   * @returns whether the store was told. @throws KeyError
   */
  async expire(identifier: I): Promise<boolean> {
    const key = this.#key(identifier);
    const { engine } = this.#context;
    try {
      await engine.ask('expire', (store) => store.expire([key], engine.newBudget()));
      engine.flights.detach(key.text);
      this.#dropCopy(key);
      this.#observer.expired(key.text);
      return true;
    } catch (error) {
      this.#observer.count('storeErrors', key.text, error); // said by `ask`
      return false;
    }
  }

  /** Under a lease that it takes by force, so that a value that arrives late undoes nothing newer. */
  async #store(key: StoreKey, entry: NewEntry): Promise<FillReply> {
    const { engine } = this.#context;
    const budget = engine.newBudget();
    const options = { ttlMs: this.#type.leaseMs, tags: entry.tags, byForce: true };
    const reply = await engine.ask('lease', (store) => store.lease(key, options, budget), budget);
    if (reply.kind !== 'granted') return 'refused';
    try {
      return await engine.ask('fill', (store) => store.fill(reply.lease, entry, budget), budget);
    } catch (error) {
      // Else every reader waits for a value that does not come. A guard that cannot do it now remembers it.
      const release = engine.ask('release', (store) => store.release(reply.lease));
      engine.runInBackground(
        'release',
        release.catch(() => undefined),
      );
      throw error;
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

  /** This process does not wait for its own news. */
  #dropCopy(key: StoreKey): void {
    this.#context.engine.local.drop([{ kind: 'key', key }]);
  }

  async #look(key: StoreKey): Promise<{ value: V; entry: Entry } | undefined> {
    if (!this.#enabled) return undefined;
    const lookup = await this.#reader.look(key);
    return lookup.kind === 'fresh' ? { value: lookup.value as V, entry: lookup.entry } : undefined;
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
    options: FillOptions<never>,
    onWaiting: ReadRequest['onWaiting'],
  ): ReadRequest {
    const tags = checkFillOptions(this.#type, options);
    return { key: this.#keyOfText(text), loader, options, tags, onWaiting, isBulk: onWaiting !== undefined };
  }
}

async function inChunks<A, B>(all: readonly A[], work: (chunk: readonly A[]) => Promise<readonly B[]>): Promise<B[]> {
  const results: B[] = [];
  for (let done = 0; done < all.length; done += CHUNK) results.push(...(await work(all.slice(done, done + CHUNK))));
  return results;
}

/** @throws KeyError. What else is wrong with the options is said by `set`. */
function checkOnNotStored<O extends SetManyOptions<never, never>>(options: O): O {
  if (options === null || typeof options !== 'object') {
    throw new KeyError(`The options must be an object such as { ttl: '5m' }; got ${kindOf(options)}.`);
  }
  const onNotStored: unknown = options.onNotStored;
  if (onNotStored !== undefined && typeof onNotStored !== 'function')
    throw new KeyError(`onNotStored must be a function; got ${kindOf(onNotStored)}.`);
  return options;
}

/** @throws KeyError */
function pairsOf<P>(entries: Iterable<P>): P[] {
  if (typeof entries?.[Symbol.iterator] !== 'function')
    throw new KeyError(`The entries must be pairs of identifier and value; got ${kindOf(entries)}.`);
  const all = [...entries];
  checkMany(all);
  const bad = all.find((pair) => !Array.isArray(pair));
  if (bad !== undefined) throw new KeyError(`An entry must be a pair of identifier and value; got ${kindOf(bad)}.`);
  return all;
}

/** @throws KeyError */
function checkMany(list: readonly unknown[]): void {
  if (!Array.isArray(list)) throw new KeyError(`The identifiers must be an array; got ${kindOf(list)}.`);
  if (list.length > MAX_MANY)
    throw new KeyError(`At most ${MAX_MANY} values at a time; got ${list.length}. Split the call.`);
}
