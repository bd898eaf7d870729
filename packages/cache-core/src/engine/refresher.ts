import { refreshWindowMs } from '../config/refresh-window.ts';
import type { EntryId, StoreKey } from '../store/store.ts';
import type { Budget } from './budget.ts';
import { type Hit, RunningClaim } from './claim.ts';
import type { TypeContext } from './engine.ts';
import type { Flight, Landing } from './flights.ts';
import {
  type Acquired,
  MAX_ROUNDS,
  type Patience,
  type Progress,
  type ReadRequest,
  type Refreshable,
} from './read-request.ts';

type Acquire = (request: ReadRequest, rejected: EntryId, patience: Patience) => Promise<Acquired>;

/** How long a refresh that another process runs, or the store gives no lease for, is not asked for again. */
const PAUSE_MS = 200;

/** Replaces values that are stale, or soon will be, in the background: under the lease, so one process does it (P3). */
export class Refresher {
  readonly #context: TypeContext;
  readonly #acquire: Acquire;

  constructor(context: TypeContext, acquire: Acquire) {
    this.#context = context;
    this.#acquire = acquire;
  }

  /** A fresh value near its end is loaded anew while readers go on with it. */
  refreshAhead(request: ReadRequest, found: Refreshable): void {
    const { type } = this.#context;
    if (!type.refreshAhead || !request.loader) return;
    const { freshForMs, ageMs, loadMs } = found.entry;
    if (freshForMs < refreshWindowMs(freshForMs + ageMs, loadMs, type.refreshAhead)) void this.#start(request, found);
  }

  /**
   * The answer to a read that found a stale value: the new one if it comes within the `softTimeout`, else the stale one, also if
   * the load fails. Without a loader, the right to fill, unless another one has it. `undefined`: look again, but once, since a
   * refresh may come to nothing each time.
   */
  async answerStale(
    request: ReadRequest,
    found: Refreshable,
    progress: Progress,
  ): Promise<Hit<unknown> | RunningClaim<unknown> | undefined> {
    const { type, observer, engine } = this.#context;
    if (!request.loader) return this.#claimStale(request, found, progress);
    const isJoining = engine.flights.find(request.key.text) !== undefined;
    const landing = this.#start(request, found);
    if (landing && type.softTimeoutMs > 0 && progress.round === 0) {
      if (isJoining) request.onWaiting?.();
      const outcome = await this.#within(type.softTimeoutMs, landing);
      if (outcome) observer.count('misses', request.key.text);
      if (outcome?.kind === 'value') return { hit: true, value: outcome.value };
      if (outcome) return undefined; // another process has filled it, or something was invalidated meanwhile
    }
    observer.count('stale', request.key.text);
    return { hit: true, value: found.value };
  }

  async #claimStale(request: ReadRequest, found: Refreshable, { budget, round }: Progress) {
    const { engine, observer } = this.#context;
    const { key, options } = request;
    if (!engine.flights.find(key.text)) {
      const flight = engine.flights.open(key.text);
      const right = await this.#rightTo(flight, request, found, budget, engine.clock.now());
      if (right.kind === 'leased') {
        observer.count('misses', key.text);
        return new RunningClaim({ context: this.#context, key, flight, right, options, previous: found.value });
      }
      if (right.kind === 'filled' && round < MAX_ROUNDS) return undefined;
    }
    observer.count('stale', key.text);
    return { hit: true, value: found.value } as const;
  }

  /** The load that replaces the value, if one runs or could be begun: a flight as any other. */
  #start(request: ReadRequest, found: Refreshable): Promise<Landing> | undefined {
    const { engine } = this.#context;
    const { key } = request;
    const running = engine.flights.find(key.text);
    if (running) return running.wait();
    if (engine.isClosing || (engine.pauses.get(key.text) ?? 0) > engine.clock.now()) return undefined;
    const flight = engine.flights.open(key.text);
    engine.runDetached('refresh', () => this.#refresh(request, found, flight));
    return flight.wait();
  }

  async #refresh(request: ReadRequest, found: Refreshable, flight: Flight): Promise<void> {
    const { engine, type, observer } = this.#context;
    const { key, options, loader, isBulk } = request;
    const waitUntil = engine.clock.now() + type.softTimeoutMs;
    const right = await this.#rightTo(flight, request, found, engine.newBudget(), waitUntil);
    if (right.kind === 'leased' && loader) {
      observer.count('refreshes', key.text);
      const previous = await this.#previousOf(found);
      const claim = new RunningClaim({ context: this.#context, key, flight, right, options, isBulk, previous });
      // Counted, and told to those who wait; the old value serves on, and no read waits for the source while it is not to be asked.
      await claim.load(loader).catch(() => this.#pause(key, type.backoffMs));
      return;
    }
    if (right.kind === 'filled') return;
    const isOfFailure = right.kind === 'busy' && right.isPause === true;
    if (isOfFailure) this.#pause(key, right.retryMs);
    else this.#pause(key, right.kind === 'busy' ? Math.min(PAUSE_MS, right.retryMs) : PAUSE_MS);
  }

  /**
   * The value for the loader, decoded once more: the reader may change the one it got, and a loader may return this one
   * to be stored for all (P6).
   */
  async #previousOf({ value, entry }: Refreshable): Promise<unknown> {
    if (entry.bytes === undefined) return value;
    try {
      return await this.#context.type.codec.decode(entry.bytes);
    } catch {
      return undefined; // a codec or a schema that accepts a value once and not again
    }
  }

  /** Until then readers of the stale value get it at once. */
  #pause(key: StoreKey, pauseMs: number): void {
    const { pauses, clock } = this.#context.engine;
    pauses.set(key.text, clock.now() + pauseMs);
  }

  /** The lease for a flight; anything else ends the flight, whatever a store or a clock does: nobody waits for ever. */
  async #rightTo(
    flight: Flight,
    request: ReadRequest,
    found: Refreshable,
    budget: Budget,
    waitUntil: number,
  ): Promise<Acquired> {
    const { flights } = this.#context.engine;
    let isLeased = false;
    try {
      const right = await this.#acquire(request, found.entry.id, { budget, waitUntil, waitsOutPause: false });
      isLeased = right.kind === 'leased';
      return right;
    } finally {
      if (!isLeased) flights.abandon(request.key.text, flight);
    }
  }

  /** What a flight gives in time; `undefined` for nothing, or an error. */
  #within(timeMs: number, landing: Promise<Landing>): Promise<Landing | undefined> {
    return new Promise((resolve) => {
      const cancel = this.#context.engine.clock.after(timeMs, () => resolve(undefined));
      landing.then(resolve, () => resolve(undefined)).finally(cancel);
    });
  }
}
