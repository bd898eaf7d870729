import { isThenable } from '../at-once.ts';
import { loggableKey } from '../observe/logger.ts';
import type { Lease, NewEntry, StoreKey } from '../store/store.ts';
import type { TypeContext } from './engine.ts';
import { checkFillOptions, type FillOptions, tryBuildEntry } from './entry-builder.ts';
import type { Flight } from './flights.ts';
import type { Sight } from './last-seen.ts';
import { type Loader, Loading, loadInTime } from './loading.ts';
import { RunningLoad } from './running-load.ts';

/** The outcome of a read: the value, or the right to fill. */
export type Claim<V> = Hit<V> | OpenClaim<V>;

export interface Hit<V> {
  readonly hit: true;
  readonly value: V;
}

/**
 * The right to fill one key, for one caller; all others wait for it. Read the source *after* it was given and call
 * `fill`, or `release` if there will be no value. Those who wait start over after the `wait` of its type; not filled
 * within the `lease` of its type, it is not stored any more.
 */
export interface OpenClaim<V> {
  readonly hit: false;
  /**
   * Gives the value to those who wait and stores it, unless its key, type or a tag was invalidated since the claim.
   * Resolves to the value, stored or not, once the store has answered. A promise is awaited first: its error is that of
   * the load. Only the first call counts.
   */
  fill<T extends V>(value: T | PromiseLike<T>, options?: FillOptions<T>): Promise<T>;
  /** Lets the next caller try. Does nothing after `fill`. */
  release(): Promise<void>;
  /** The stale value that is to be replaced, if there is one. */
  readonly previous: V | undefined;
}

/**
 * Why a claim was given: `leased` by the store; `unfenced` because another load took longer than this caller waits;
 * `alone` because the store does not answer. Only a leased claim is stored, and only its value can be proven to those
 * who come late.
 */
export type Right =
  | { readonly kind: 'leased'; readonly lease: Lease }
  /** `leave` frees its place in the bulkhead. */
  | { readonly kind: 'unfenced'; readonly leave: () => void }
  | { readonly kind: 'alone' };

export interface ClaimParts {
  readonly context: TypeContext;
  readonly key: StoreKey;
  readonly flight: Flight;
  readonly right: Right;
  /** The options of the read. Those of `fill` are added: its TTL comes first, tags are joined. */
  readonly options: FillOptions<never>;
  readonly previous: unknown;
  /** One of many that are loaded at once: its fill takes its turn. */
  readonly isBulk?: boolean | undefined;
}

/** A claim from the moment it is given until it is filled, failed or released, and the flight that follows it. */
export class RunningClaim<V> implements OpenClaim<V> {
  readonly hit = false;
  readonly #parts: ClaimParts;
  readonly #beganAt: number;
  /** Only for a type with `degraded`. */
  readonly #sight: Sight | undefined;
  #isOpen = true;
  #hasLeft = false;
  /** The promise that `fill` was given is not there yet: what is called meanwhile comes after it. */
  #isAwaiting = false;
  #stopTimer = () => {};

  constructor(parts: ClaimParts) {
    this.#parts = parts;
    const { engine, type } = parts.context;
    this.#beganAt = engine.clock.now();
    this.#sight = type.degradedMs === undefined ? undefined : engine.lastSeen.begin(this.#beganAt);
    parts.flight.begin(parts.right.kind);
    // Nothing will prove its value to latecomers, who can ask for a lease of their own.
    if (parts.right.kind === 'unfenced') this.#closeFlight();
    parts.context.observer.count('loads', parts.key.text);
  }

  get previous(): V | undefined {
    return this.#parts.previous as V | undefined;
  }

  /**
   * Runs a loader under the claim. The caller does not wait for the store: the value is returned as soon as it is
   * there.
   * @throws LoaderTimeoutError, or what the loader throws
   */
  load<T extends V>(loader: Loader<T, never>): Promise<T> {
    return this.#parts.context.engine.follow(this.#load(loader));
  }

  async #load<T extends V>(loader: Loader<T, never>): Promise<T> {
    this.#keepLease();
    const loading = new Loading(this.#parts.previous);
    try {
      const value = await this.#run(loader, loading);
      const { ttl, tags, isSkipped } = loading;
      const { engine, observer } = this.#parts.context;
      observer.loaded(this.#parts.key.text, engine.clock.now() - this.#beganAt);
      engine.runInBackground('fill', this.#settle(value, { ttl, tags }, isSkipped));
      return value;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  /** In an asynchronous context of its own, which tells what the loader asks for. */
  #run<T extends V>(loader: Loader<T, never>, loading: Loading): Promise<T> {
    const { context, key, flight } = this.#parts;
    const asker = RunningLoad.current();
    const load = new RunningLoad([key.text], context.engine.home, asker);
    flight.load = load;
    const run = () => load.run(() => loadInTime(context, key.text, loader, loading));
    return asker ? asker.waitFor(flight, run) : run();
  }

  /**
   * For a claim that is handed out, and perhaps forgotten: no caller waits longer for it than for a load of another
   * process.
   */
  lapse(): this {
    const { flight, key } = this.#parts;
    const { engine, type } = this.#parts.context;
    const lapsesInMs = Math.min(type.leaseMs, type.waitMs);
    flight.lapsesInMs = lapsesInMs;
    flight.load = RunningLoad.current();
    const lapsed = () => {
      this.#closeFlight();
      this.#leaveBulkhead();
      flight.abandon();
      engine.logger.warn(
        { type: type.scope.type, key: loggableKey(key.text), lapsesInMs },
        'claim lapsed: it was neither filled nor released in time. Call fill, or release in a finally block',
      );
    };
    this.#stopTimer = engine.clock.after(lapsesInMs, lapsed, { background: true });
    return this;
  }

  fill<T extends V>(value: T | PromiseLike<T>, options: FillOptions<T> = {}): Promise<T> {
    return this.#parts.context.engine.follow(this.#fill(value, options));
  }

  async #fill<T>(value: T | PromiseLike<T>, options: FillOptions<never>): Promise<T> {
    const arrived = isThenable(value) ? await this.#arrival(value) : value;
    checkFillOptions(this.#parts.context.type, options);
    if (!this.#isAwaiting) await this.#settle(arrived, options);
    return arrived;
  }

  /** A promise that fails is a load that failed. */
  async #arrival<T>(value: PromiseLike<T>): Promise<T> {
    const isFirst = this.#isOpen && !this.#isAwaiting;
    if (isFirst) this.#isAwaiting = true;
    try {
      return await value;
    } catch (error) {
      if (isFirst) this.#fail(error);
      throw error;
    } finally {
      if (isFirst) this.#isAwaiting = false;
    }
  }

  async release(): Promise<void> {
    if (this.#isAwaiting || !this.#end()) return;
    this.#parts.flight.abandon();
    await this.#parts.context.engine.follow(this.#releaseLease(0));
  }

  /** Owners have the value first; joining ends before the checks of the fill are sent (P1). */
  async #settle(value: unknown, options: FillOptions<never>, isSkipped = false): Promise<void> {
    if (!this.#end()) return;
    if (isSkipped) this.#parts.context.observer.count('skipped', this.#parts.key.text);
    const { flight, right } = this.#parts;
    flight.land(value);
    let isProven = false;
    try {
      const entry = this.#mayKeep && !isSkipped ? await this.#entryOf(value, options) : undefined;
      if (right.kind === 'leased' && entry) isProven = await this.#store(right.lease, entry);
      else await this.#releaseLease(0);
      if (entry && (isProven || right.kind === 'alone')) this.#see(entry);
    } finally {
      flight.share(value, isProven); // whatever a logger or a store does: no caller waits for ever
    }
  }

  /** Loaded without the store, it may be answered with while that is gone. */
  get #mayKeep(): boolean {
    const { right } = this.#parts;
    return right.kind === 'leased' || (right.kind === 'alone' && this.#sight !== undefined);
  }

  #see(entry: NewEntry): void {
    const { context, key } = this.#parts;
    if (this.#sight) context.engine.lastSeen.see(key.text, this.#sight, entry.bytes);
  }

  /**
   * True if the value may be shared with joiners. Without an answer it is unknown what was invalidated meanwhile (P1).
   */
  async #store(lease: Lease, entry: NewEntry): Promise<boolean> {
    const { engine, observer } = this.#parts.context;
    const { key, isBulk } = this.#parts;
    observer.countBytes('written', entry.bytes.length);
    try {
      const ask = () => engine.ask('fill', (store) => store.fill(lease, entry, engine.newBudget()));
      const fill = () => (isBulk ? engine.bulk.run(ask) : ask());
      const verdict = await observer.timed('fill', engine.clock, fill);
      observer.count(verdict, key.text);
      return verdict === 'stored';
    } catch (error) {
      observer.count('storeErrors', key.text, error); // said by `ask`
      await this.#releaseLease(0); // else all readers wait for a load that is over
      return false;
    }
  }

  #entryOf(value: unknown, { ttl, grace, tags }: FillOptions<never>): ReturnType<typeof tryBuildEntry> {
    const { context, key, options } = this.#parts;
    return tryBuildEntry(context, key.text, value, {
      ttl: ttl ?? options.ttl,
      grace: grace ?? options.grace,
      tags: [options.tags, tags],
      loadMs: context.engine.clock.now() - this.#beganAt,
    });
  }

  #fail(error: unknown): void {
    if (!this.#end()) return;
    const { engine, observer, type } = this.#parts.context;
    const { flight, key } = this.#parts;
    observer.count('loadErrors', key.text, error);
    flight.fail(error);
    engine.runInBackground('release', this.#releaseLease(type.backoffMs));
  }

  async #releaseLease(backoffMs: number): Promise<void> {
    const { engine, observer } = this.#parts.context;
    const { right, key } = this.#parts;
    if (right.kind !== 'leased') return;
    try {
      await engine.ask('release', (store) => store.release(right.lease, { backoffMs }));
    } catch (error) {
      observer.count('storeErrors', key.text, error); // the lease ends by its TTL
    }
  }

  /** A load may take longer than its lease: it shows at a third of it that it is alive, until the lease is lost. */
  #keepLease(): void {
    const { engine, type } = this.#parts.context;
    const { right } = this.#parts;
    if (right.kind !== 'leased') return;
    const renew = async () => {
      const isHeld = await engine.ask('renew', (store) => store.renew(right.lease, type.leaseMs)).catch(() => true);
      if (isHeld && this.#isOpen) schedule();
    };
    const schedule = () => {
      this.#stopTimer = engine.clock.after(type.leaseMs / 3, () => engine.runInBackground('renew', renew()), {
        background: true,
      });
    };
    schedule();
  }

  /** True for the first of fill, fail and release. */
  #end(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    this.#stopTimer();
    this.#closeFlight();
    this.#leaveBulkhead();
    return true;
  }

  /** Once: a claim that lapsed may still be filled. */
  #leaveBulkhead(): void {
    const { right } = this.#parts;
    if (right.kind === 'unfenced' && !this.#hasLeft) right.leave();
    this.#hasLeft = true;
  }

  #closeFlight(): void {
    const { context, key, flight } = this.#parts;
    context.engine.flights.close(key.text, flight);
  }
}
