import { sleep } from '../clock.ts';
import type { ResolvedType } from '../config/cache-types.ts';
import type { TypeObserver } from '../observe/type-observer.ts';
import type { Entry, EntryId, LeaseOptions, StoreKey } from '../store/store.ts';
import type { Budget } from './budget.ts';
import { type Hit, type Right, RunningClaim } from './claim.ts';
import type { Engine, TypeContext } from './engine.ts';
import type { Flight, Landing } from './flights.ts';
import type { LastSeen, Sight } from './last-seen.ts';
import type { LocalCopy, LocalTier } from './local-tier.ts';
import { clone } from './parts.ts';
import {
  type Acquired,
  ForcedRead,
  type Lookup,
  MAX_ROUNDS,
  type Patience,
  type Progress,
  type ReadRequest,
} from './read-request.ts';
import { Refresher } from './refresher.ts';
import { RunningLoad } from './running-load.ts';

/** A reader sent back this often stops joining the loads of others and makes its own. */
const MAX_JOINS = 2;
/** Loads without a lease that run at a time, for those who have waited long enough. */
const BULKHEAD = 32;
const FIRST_POLL_MS = 20;
const LAST_POLL_MS = 200;

type Outcome = Hit<unknown> | RunningClaim<unknown>;

/** The read path of one type: store, flight, lease. */
export class Reader {
  readonly #context: TypeContext;
  readonly #engine: Engine;
  readonly #type: ResolvedType;
  readonly #observer: TypeObserver;
  readonly #refresher: Refresher;
  readonly #copies: LocalTier | undefined;
  /** Of a type with `degraded`. */
  readonly #lastSeen: LastSeen | undefined;
  #unfenced = 0;

  /** @param copies where this type has them */
  constructor(context: TypeContext, copies: LocalTier | undefined) {
    this.#copies = copies;
    this.#lastSeen = context.type.degradedMs === undefined ? undefined : context.engine.lastSeen;
    this.#context = context;
    this.#engine = context.engine;
    this.#type = context.type;
    this.#observer = context.observer;
    this.#refresher = new Refresher(context, (...args) => this.#acquire(...args));
  }

  /** Asks the store alone; counts nothing but trouble. What it finds may leave a copy in this process. */
  async look(key: StoreKey, budget = this.#engine.newBudget(), acceptsStale = false): Promise<Lookup> {
    const ticket = this.#copies?.begin(key); // P2: before the read is sent
    const sight = this.#lastSeen?.begin(this.#engine.clock.now()); // P1, in this process: the same
    try {
      const ask = () => this.#engine.ask('read', () => this.#engine.reads.read(key, budget), budget);
      const reply = await this.#observer.timed('read', this.#engine.clock, ask);
      if (reply.kind !== 'hit') this.#lastSeen?.delete(key.text);
      if (reply.kind === 'hit') {
        this.#observer.countBytes('read', reply.entry.bytes.byteLength);
        const lookup = await this.#decode(key, reply.entry, acceptsStale);
        if (sight) this.#see(sight, key, reply.entry);
        if (ticket && lookup.kind === 'fresh') this.#copies?.settle(ticket, reply.entry, lookup.value, this.#type);
        return lookup;
      }
      if (reply.kind === 'absent') return { kind: 'miss', rejected: undefined };
      if (reply.reason === 'unreadable') this.#observer.count('unreadable', key.text);
      return { kind: 'miss', rejected: reply.id };
    } catch (error) {
      this.#observer.count('storeErrors', key.text, error); // said by `ask`
      return { kind: 'unknown' };
    } finally {
      if (ticket) this.#copies?.cancel(ticket);
    }
  }

  /** The store has answered: what it has no fresh value of is no answer for later either. */
  #see(sight: Sight, key: StoreKey, { id, bytes, freshForMs }: Entry): void {
    if (freshForMs > 0) this.#lastSeen?.see(key.text, sight, bytes, id);
    else this.#lastSeen?.delete(key.text);
  }

  /** A copy in this process was served that may soon have to be loaded anew. */
  refreshCopy(request: ReadRequest, copy: LocalCopy): void {
    const { id, ttlMs, loadMs, freshUntil } = copy;
    const value = copy.isCloned ? clone(copy.value) : copy.value; // the reader may change its clone
    const freshForMs = freshUntil - this.#engine.clock.now();
    this.#refresher.refreshAhead(request, { value, entry: { id, freshForMs, ageMs: ttlMs - freshForMs, loadMs } });
  }

  /** A value, or the right to fill: after the store, the flight and the lease were asked, in this order. */
  async claim(request: ReadRequest): Promise<Outcome> {
    const { grace = this.#type.grace, force, signal } = request.options;
    const copy = request.loader || force ? undefined : this.#copies?.find(request.key.text); // who has a loader has looked
    if (copy) {
      this.#observer.count('localHits', request.key.text);
      return { hit: true, value: copy.value };
    }
    const budget = this.#engine.newBudget();
    const waitUntil = this.#engine.clock.now() + this.#type.waitMs;
    const forced = force ? new ForcedRead() : undefined;
    for (let round = 0; ; round++) {
      const found = await this.look(request.key, budget, grace !== 0);
      signal?.throwIfAborted(); // a caller that has left loads nothing
      const outcome = await this.#resolve(request, forced?.see(found) ?? found, { round, budget, waitUntil });
      if (outcome) return outcome;
    }
  }

  /** `undefined`: there may be something newer than what was seen, so the reader looks again. */
  async #resolve(request: ReadRequest, lookup: Lookup, progress: Progress): Promise<Outcome | undefined> {
    const { key } = request;
    if (lookup.kind === 'fresh') {
      this.#observer.count('hits', key.text);
      this.#refresher.refreshAhead(request, lookup);
      return { hit: true, value: lookup.value };
    }
    if (lookup.kind === 'stale') return this.#refresher.answerStale(request, lookup, progress);
    if (progress.round === 0 && !request.options.force) this.#observer.count('misses', key.text);
    const running = this.#engine.flights.find(key.text);
    if (!running || !this.#mayJoin(running, lookup, progress.round)) return this.#begin(request, lookup, progress);
    if (progress.round === 0) this.#observer.count('coalesced', key.text);
    request.onWaiting?.();
    const landing = await this.#join(running);
    // P1: a value that was refused or withdrawn may be old.
    return landing.kind === 'value' ? { hit: true, value: landing.value } : undefined;
  }

  /** @throws the error of the load, the same for all; LoadCycleError where that waits for the loader that asks */
  async #join(flight: Flight): Promise<Landing> {
    // The timer of a claim does not keep the process alive, but a read that waits for it must.
    const stop = flight.lapsesInMs === undefined ? noop : this.#engine.clock.after(flight.lapsesInMs, noop);
    const asker = RunningLoad.current();
    try {
      return await (asker ? asker.waitFor(flight, () => flight.wait()) : flight.wait());
    } finally {
      stop();
    }
  }

  /** A flight of this reader's own, which others may join while it asks for the right to load. */
  async #begin(request: ReadRequest, lookup: Lookup, progress: Progress): Promise<Outcome | undefined> {
    const { key, options, isBulk } = request;
    const { flights, home } = this.#engine;
    RunningLoad.current()?.refuseAncestor(key.text, home);
    const flight = flights.open(key.text, { asksStore: lookup.kind !== 'unknown' });
    try {
      const right = await this.#rightToLoad(request, lookup, progress);
      const previous = lookup.kind === 'miss' ? lookup.previous : undefined;
      if (right) return new RunningClaim({ context: this.#context, key, flight, right, options, isBulk, previous });
      flights.abandon(key.text, flight);
      return undefined;
    } catch (error) {
      flights.abandon(key.text, flight); // whatever a store or a clock does, or a caller that leaves: nobody waits for ever
      throw error;
    }
  }

  /**
   * A load that began before this reader came is worth waiting for: with a lease the store can prove its value (P1).
   * Without one, because the store gave none, this reader would get none either; it waits for the end of the load and
   * shares the next one, else each reader would ask the source (P3). A load without a lease though the store gives
   * leases cannot be joined at all: its claim has closed its flight. A reader that got no answer has no store time left
   * to wait for the answers of another (P4).
   */
  #mayJoin(flight: Flight, lookup: Lookup, round: number): boolean {
    if (flight.right === undefined) return round < MAX_ROUNDS && !(flight.asksStore && lookup.kind === 'unknown');
    return round < MAX_JOINS;
  }

  /**
   * The right to load, or `undefined` when a value is there by now. Who went round too often gets it at once, leased or
   * not.
   */
  async #rightToLoad(request: ReadRequest, lookup: Lookup, progress: Progress): Promise<Right | undefined> {
    if (lookup.kind === 'unknown') return { kind: 'alone' };
    const { clock } = this.#engine;
    const rejected = lookup.kind === 'miss' ? lookup.rejected : undefined;
    const isLastRound = progress.round >= MAX_ROUNDS;
    for (let until = isLastRound ? clock.now() : progress.waitUntil; ; until = clock.now() + LAST_POLL_MS) {
      const patience = {
        budget: progress.budget,
        waitUntil: until,
        waitsOutPause: true,
        signal: request.options.signal,
      };
      const acquired = await this.#acquire(request, rejected, patience);
      if (acquired.kind === 'leased' || acquired.kind === 'alone') return acquired;
      if (isLastRound) return this.#enterBulkhead();
      if (acquired.kind === 'filled') return undefined;
      if (this.#unfenced < BULKHEAD) return this.#enterBulkhead(); // else a slow source would be asked by all at once
    }
  }

  #enterBulkhead(): Right {
    this.#unfenced++;
    return { kind: 'unfenced', leave: () => this.#unfenced-- };
  }

  /** Asks for the lease until it is there, or the patience is over. */
  async #acquire(request: ReadRequest, rejected: EntryId | undefined, patience: Patience): Promise<Acquired> {
    const { clock, random } = this.#engine;
    let spending = patience.budget;
    for (let pollMs = FIRST_POLL_MS, again = false; ; pollMs = Math.min(pollMs * 2, LAST_POLL_MS), again = true) {
      const news = this.#copies?.waitFor(request.key.text); // before the question: what happens after it is not missed
      try {
        const reply = await this.#askForLease(request, { rejected, again }, spending);
        if (reply.kind !== 'busy' || (reply.isPause && !patience.waitsOutPause)) return reply;
        patience.signal?.throwIfAborted();
        const leftMs = patience.waitUntil - clock.now();
        if (leftMs <= 0) return reply;
        request.onWaiting?.();
        const jitteredMs = pollMs * (0.5 + random() / 2);
        await sleep(clock, Math.max(1, Math.min(jitteredMs, reply.retryMs, leftMs)), news?.promise);
        spending = this.#engine.newBudget(); // from here on the reader waits for a load, not for the store
      } finally {
        news?.cancel();
      }
    }
  }

  async #askForLease(
    request: ReadRequest,
    asked: Pick<LeaseOptions, 'rejected' | 'again'>,
    budget: Budget,
  ): Promise<Acquired> {
    const { key, tags } = request;
    const options = { ...asked, ttlMs: this.#type.leaseMs, tags };
    const ask = () => this.#engine.ask('lease', (store) => store.lease(key, options, budget), budget);
    try {
      const reply = await (request.isBulk ? this.#engine.bulk.run(ask) : ask());
      return reply.kind === 'granted' ? { kind: 'leased', lease: reply.lease } : reply;
    } catch (error) {
      this.#observer.count('storeErrors', key.text, error); // said by `ask`
      return { kind: 'alone' };
    }
  }

  #decode(key: StoreKey, entry: Entry, acceptsStale: boolean): Lookup | Promise<Lookup> {
    const found = (value: unknown): Lookup => {
      if (entry.freshForMs > 0) return { kind: 'fresh', value, entry };
      // Made stale on purpose, or stored with more grace: of no use to a reader that grants none.
      return acceptsStale ? { kind: 'stale', value, entry } : { kind: 'miss', rejected: entry.id };
    };
    const unreadable = (error: unknown): Lookup => {
      this.#observer.count('unreadable', key.text, error);
      return { kind: 'miss', rejected: entry.id };
    };
    try {
      const value = this.#type.codec.decode(entry.bytes);
      return value instanceof Promise ? value.then(found, unreadable) : found(value);
    } catch (error) {
      return unreadable(error);
    }
  }
}

function noop(): void {}
