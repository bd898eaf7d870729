import type { ResolvedType } from '../config/cache-types.ts';
import { CacheConfigError, KeyError, kindOf } from '../errors.ts';
import type { Identifier } from '../keys/key.ts';
import type { TypeObserver } from '../observe/type-observer.ts';
import type { Entry, FillReply, NewEntry, StoreKey, Target } from '../store/store.ts';
import { type Claim, RunningClaim } from './claim.ts';
import type { TypeContext } from './engine.ts';
import { checkFillOptions, type FillOptions, tryBuildEntry } from './entry-builder.ts';
import type { InvalidationResult, Invalidator } from './invalidator.ts';
import { Reader } from './reader.ts';

export type Loader<V> = () => V | Promise<V>;

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
  readonly #enabled: boolean;

  /** @internal Made by `cache.type(name)`. */
  constructor(parts: TypedCacheParts) {
    this.#context = parts.context;
    this.#type = parts.context.type;
    this.#observer = parts.context.observer;
    this.#invalidator = parts.invalidator;
    this.#enabled = parts.enabled;
    this.#reader = new Reader(parts.context);
  }

  /**
   * The cached value, or what `loader` returns. However many callers ask at once, one loader runs; its error is everybody's
   * error, the same object. `null` is cached; `undefined` means "do not cache".
   * @throws KeyError or CacheConfigError for a bad identifier, loader or option. Trouble of the store is never thrown.
   * @example const lead = await leads.getOrSet(id, () => db.lead(id));
   */
  async getOrSet<T extends V>(identifier: I, loader: Loader<T>, options: FillOptions<T> = {}): Promise<T> {
    const key = this.#key(identifier);
    if (typeof loader !== 'function') throw new CacheConfigError([`loader must be a function; got ${kindOf(loader)}`]);
    const tags = checkFillOptions(this.#type, options);
    if (!this.#enabled) return loader();
    const claim = await this.#reader.claim(key, options, tags);
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
    const key = this.#key(identifier);
    const tags = checkFillOptions(this.#type, options);
    if (!this.#enabled) return { hit: false, fill: async (value) => value, release: async () => {} };
    const claim = await this.#reader.claim(key, options, tags);
    return claim instanceof RunningClaim ? (claim.lapse() as RunningClaim<V>) : { hit: true, value: claim.value as V };
  }

  /** The cached value; `undefined` where there is none. */
  async get(identifier: I): Promise<V | undefined> {
    const key = this.#key(identifier);
    const found = await this.#look(key);
    if (this.#enabled) this.#observer.count(found ? 'hits' : 'misses', key.text);
    return found?.value;
  }

  /** As `get`, but leaves no trace in the statistics. */
  async peek(identifier: I): Promise<V | undefined> {
    return (await this.#look(this.#key(identifier)))?.value;
  }

  async exists(identifier: I): Promise<boolean> {
    return (await this.#look(this.#key(identifier))) !== undefined;
  }

  /** Seconds that the value has left, rounded up; −1 if it never expires, −2 if there is none. */
  async getTtl(identifier: I): Promise<number> {
    const found = await this.#look(this.#key(identifier));
    if (!found) return -2;
    const { expiresInMs } = found.entry;
    return Number.isFinite(expiresInMs) ? Math.ceil(expiresInMs / 1000) : -1;
  }

  /**
   * Stores a value as it is; the last `set` wins. A value that was read before an invalidation and set after it is old:
   * where that can happen use `getOrSet` or `claim`.
   * @returns whether it was stored: not, if the key was invalidated or set again meanwhile.
   * @throws KeyError or CacheConfigError for a bad identifier, TTL or tag.
   */
  async set<T extends V>(identifier: I, value: T, options: FillOptions<T> = {}): Promise<boolean> {
    const key = this.#key(identifier);
    checkFillOptions(this.#type, options);
    if (!this.#enabled) return false;
    const settings = { ttl: options.ttl, grace: options.grace, tags: [options.tags], loadMs: 0 };
    const entry = await tryBuildEntry(this.#context, key.text, value, settings);
    if (!entry) return false;
    try {
      const verdict = await this.#store(key, entry);
      this.#observer.count(verdict, key.text);
      return verdict === 'stored';
    } catch {
      this.#observer.count('storeErrors', key.text); // said by `ask`
      return false;
    }
  }

  /** Under a lease that it takes by force, so that a value that arrives late undoes nothing newer. */
  async #store(key: StoreKey, entry: NewEntry): Promise<FillReply> {
    const { engine } = this.#context;
    const budget = engine.newBudget();
    const options = { ttlMs: this.#type.leaseMs, tags: entry.tags, byForce: true };
    const reply = await budget.spend(engine.ask('lease', (store) => store.lease(key, options, budget)));
    if (reply.kind !== 'granted') return 'refused';
    return budget.spend(engine.ask('fill', (store) => store.fill(reply.lease, entry, budget)));
  }

  /** Drops one value. A load of it that runs is not stored. Also works where the cache is not enabled. */
  async invalidate(identifier: I): Promise<InvalidationResult> {
    return this.#invalidator.invalidate([this.targetOf(identifier)]);
  }

  /** Drops several values at once; none for an empty list. */
  async invalidateMany(identifiers: readonly I[]): Promise<InvalidationResult> {
    if (!Array.isArray(identifiers))
      throw new KeyError(`The identifiers must be an array; got ${kindOf(identifiers)}.`);
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
    return this.#key(identifier).text;
  }

  async #look(key: StoreKey): Promise<{ value: V; entry: Entry } | undefined> {
    if (!this.#enabled) return undefined;
    const lookup = await this.#reader.look(key);
    return lookup.kind === 'hit' ? { value: lookup.value as V, entry: lookup.entry } : undefined;
  }

  #key(identifier: I): StoreKey {
    const { scope, acceptsForeign } = this.#type;
    return { text: this.#type.keyOf(identifier), scope, acceptsForeign };
  }
}
