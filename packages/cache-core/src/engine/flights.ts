import { loggableKey } from '../observe/logger.ts';
import { type Deferred, deferred } from './deferred.ts';
import { flightsBegan, flightsEnded } from './open-flights.ts';
import type { RunningLoad } from './running-load.ts';

/** What a flight gives to those who waited for it: the loaded value, or the advice to start over. */
export type Landing = { readonly kind: 'value'; readonly value: unknown } | { readonly kind: 'again' };

/** The `kind` of a `Right`. */
type RightKind = 'leased' | 'unfenced' | 'alone';

const AGAIN: Landing = { kind: 'again' };

/**
 * One running load, shared by the callers of this process.
 *
 * Those who come before the load begins own the flight: the source is read after they came, so the value is theirs as
 * soon as it is loaded. Those who come later are joiners. Something may have been invalidated, by any process, between
 * the source read and their coming, so they get the value only once the store accepted it: then nothing was (P1).
 */
export class Flight {
  readonly #owners: Deferred<Landing> = deferred();
  readonly #joiners: Deferred<Landing> = deferred();
  readonly key: string;
  /** Until it loads it asks the store, at the expense of the one who opened it. */
  readonly asksStore: boolean;
  /** The loader that it waits for; of a claim that was handed out, the loader that took it, if one did. */
  load: RunningLoad | undefined;
  /** Of a claim that was handed out: the longest that it may be waited for. */
  lapsesInMs: number | undefined;
  #right: RightKind | undefined;

  constructor(key: string, { asksStore }: { asksStore: boolean }) {
    this.key = key;
    this.asksStore = asksStore;
  }

  /** Under which it loads; `undefined` until then. */
  get right(): RightKind | undefined {
    return this.#right;
  }

  /** @throws the error of the load, the same for all. */
  wait(): Promise<Landing> {
    return (this.#right === undefined ? this.#owners : this.#joiners).promise;
  }

  /** From here on the source may be read. */
  begin(right: RightKind): void {
    this.#right = right;
  }

  land(value: unknown): void {
    this.#owners.resolve({ kind: 'value', value });
  }

  /** The last word for joiners: may they have the value? */
  share(value: unknown, isProven: boolean): void {
    this.#joiners.resolve(isProven ? { kind: 'value', value } : AGAIN);
  }

  fail(error: unknown): void {
    this.#owners.reject(error);
    this.#joiners.reject(error);
  }

  /** There will be no value from here: everybody starts over. */
  abandon(): void {
    this.#owners.resolve(AGAIN);
    this.#joiners.resolve(AGAIN);
  }
}

/** The flights that may be joined: being in here is what "may be joined" means. */
export class Flights {
  readonly #joinable = new Map<string, Flight>();

  get size(): number {
    return this.#joinable.size;
  }

  /** As log lines may show them. */
  keys(): string[] {
    return Array.from(this.#joinable.keys(), loggableKey);
  }

  find(key: string): Flight | undefined {
    return this.#joinable.get(key);
  }

  /** @param asksStore whether it asks the store for the right to load */
  open(key: string, { asksStore = true } = {}): Flight {
    const flight = new Flight(key, { asksStore });
    if (this.#joinable.size === 0) flightsBegan(this);
    this.#joinable.set(key, flight);
    return flight;
  }

  /** Ends joining. By identity: a newer flight of the key is not touched. */
  close(key: string, flight: Flight): void {
    if (this.#joinable.get(key) === flight) this.detach(key);
  }

  /**
   * There will be no value: those who waited look for themselves, as what was seen here may be older than their coming
   * (P1).
   */
  abandon(key: string, flight: Flight): void {
    this.close(key, flight);
    flight.abandon();
  }

  /** An invalidation of this key was applied: its flights are of an older generation. */
  detach(key: string): void {
    if (this.#joinable.delete(key) && this.#joinable.size === 0) flightsEnded(this);
  }
}
