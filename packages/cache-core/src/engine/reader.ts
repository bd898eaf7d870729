import { sleep } from '../clock.ts';
import type { ResolvedType } from '../config/cache-types.ts';
import type { TypeObserver } from '../observe/type-observer.ts';
import type { Entry, EntryId, StoreKey } from '../store/store.ts';
import type { Budget } from './budget.ts';
import { type Hit, type Right, RunningClaim } from './claim.ts';
import type { Engine, TypeContext } from './engine.ts';
import type { FillOptions } from './entry-builder.ts';
import type { Flight } from './flights.ts';

/** What the store said of a key. `unknown`: it did not answer. */
type Lookup =
  | { kind: 'hit'; value: unknown; entry: Entry }
  | { kind: 'miss'; rejected: EntryId | undefined }
  | { kind: 'unknown' };

/** A reader sent back this often stops joining the loads of others and makes its own. */
const MAX_JOINS = 2;
/** A reader sent back this often loads without a lease: it never goes round for ever. */
const MAX_ROUNDS = 16;
const FIRST_POLL_MS = 20;
const LAST_POLL_MS = 200;

/** The read path of one type: store, flight, lease. */
export class Reader {
  readonly #context: TypeContext;
  readonly #engine: Engine;
  readonly #type: ResolvedType;
  readonly #observer: TypeObserver;

  constructor(context: TypeContext) {
    this.#context = context;
    this.#engine = context.engine;
    this.#type = context.type;
    this.#observer = context.observer;
  }

  /** Asks the store alone; counts nothing but trouble. */
  async look(key: StoreKey, budget = this.#engine.newBudget()): Promise<Lookup> {
    try {
      const reply = await budget.spend(this.#engine.ask('read', () => this.#engine.reads.read(key, budget)));
      if (reply.kind === 'hit') return this.#decode(key, reply.entry);
      if (reply.kind === 'absent') return { kind: 'miss', rejected: undefined };
      if (reply.reason === 'unreadable') this.#observer.count('unreadable', key.text);
      return { kind: 'miss', rejected: reply.id };
    } catch {
      this.#observer.count('storeErrors', key.text); // said by `ask`
      return { kind: 'unknown' };
    }
  }

  /** A value, or the right to fill: after the store, the flight and the lease were asked, in this order. */
  async claim(
    key: StoreKey,
    options: FillOptions<never>,
    tags: readonly string[],
  ): Promise<Hit<unknown> | RunningClaim<unknown>> {
    const { clock, flights } = this.#engine;
    const waitUntil = clock.now() + this.#type.waitMs;
    const budget = this.#engine.newBudget();
    for (let round = 0; ; round++) {
      const lookup = await this.look(key, budget);
      if (lookup.kind === 'hit') {
        this.#observer.count('hits', key.text);
        return { hit: true, value: lookup.value };
      }
      if (round === 0) this.#observer.count('misses', key.text);

      const running = flights.find(key.text);
      if (running && this.#mayJoin(running, lookup, round)) {
        if (round === 0) this.#observer.count('coalesced', key.text);
        const landing = await running.wait();
        if (landing.kind === 'value') return { hit: true, value: landing.value };
        continue; // P1: the value was refused or withdrawn, so it may be old
      }

      const flight = flights.open(key.text);
      try {
        const right = await this.#acquire(key, lookup, tags, budget, round < MAX_ROUNDS ? waitUntil : undefined);
        if (right) return new RunningClaim({ context: this.#context, key, flight, right, options });
        this.#abandon(key, flight);
      } catch (error) {
        this.#abandon(key, flight); // whatever a store or a clock does: nobody waits for ever
        throw error;
      }
    }
  }

  /**
   * A load that began before this reader came is worth waiting for while the store can prove its value (P1). One begun without
   * the store cannot be proven: readers that cannot reach the store either wait for its end, and share the next one.
   */
  #mayJoin(flight: Flight, lookup: Lookup, round: number): boolean {
    if (!flight.isLoading) return round < MAX_ROUNDS;
    return round < MAX_JOINS && (flight.isFenced || lookup.kind === 'unknown');
  }

  /** The right to load, or `undefined` when a value is there by now. Without `waitUntil` it comes at once, leased or not. */
  async #acquire(
    key: StoreKey,
    lookup: Lookup,
    tags: readonly string[],
    budget: Budget,
    waitUntil: number | undefined,
  ): Promise<Right | undefined> {
    if (lookup.kind === 'unknown') return { kind: 'alone' };
    const { clock, random } = this.#engine;
    const rejected = lookup.kind === 'miss' ? lookup.rejected : undefined;
    let spending = budget;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, LAST_POLL_MS)) {
      const reply = await this.#askForLease(key, tags, rejected, spending);
      if (reply.kind === 'granted') return { kind: 'leased', lease: reply.lease };
      if (reply.kind === 'unknown') return { kind: 'alone' };
      if (waitUntil === undefined) return { kind: 'unfenced' };
      if (reply.kind === 'filled') return undefined;
      const leftMs = waitUntil - clock.now();
      if (leftMs <= 0) return { kind: 'unfenced' };
      const jitteredMs = pollMs * (0.5 + random() / 2);
      await sleep(clock, Math.max(1, Math.min(jitteredMs, reply.retryMs, leftMs)));
      spending = this.#engine.newBudget(); // from here on the reader waits for a load, not for the store
    }
  }

  async #askForLease(key: StoreKey, tags: readonly string[], rejected: EntryId | undefined, budget: Budget) {
    const options = { ttlMs: this.#type.leaseMs, tags, rejected };
    try {
      return await budget.spend(this.#engine.ask('lease', (store) => store.lease(key, options, budget)));
    } catch {
      this.#observer.count('storeErrors', key.text); // said by `ask`
      return { kind: 'unknown' } as const;
    }
  }

  /** Those who waited look into the store for themselves: what this reader saw there may be older than their coming (P1). */
  #abandon(key: StoreKey, flight: Flight): void {
    this.#engine.flights.close(key.text, flight);
    flight.abandon();
  }

  #decode(key: StoreKey, entry: Entry): Lookup | Promise<Lookup> {
    const hit = (value: unknown): Lookup => ({ kind: 'hit', value, entry });
    const unreadable = (): Lookup => {
      this.#observer.count('unreadable', key.text);
      return { kind: 'miss', rejected: entry.id };
    };
    try {
      const value = this.#type.codec.decode(entry.bytes);
      return value instanceof Promise ? value.then(hit, unreadable) : hit(value);
    } catch {
      return unreadable();
    }
  }
}
