import { AsyncLocalStorage } from 'node:async_hooks';
import { LoadCycleError } from '../errors.ts';
import { loggableKey } from '../observe/logger.ts';

const STORAGE = new AsyncLocalStorage<RunningLoad>();
/**
 * Loaders that run. An `AsyncLocalStorage` that is in use makes every promise of the process two to three times slower
 * in Node 20 and 22, so it is in use only while a loader runs: hits do not pay for it.
 */
let running = 0;

/** What can be waited for. */
export interface AwaitedFlight {
  readonly key: string;
  /** The load that ends it. */
  readonly load: RunningLoad | undefined;
}

/**
 * A loader that runs, and what it waits for. Its asynchronous context tells which reads are its own, in whatever cache,
 * so that loads that wait for each other are found before they wait for ever. A read that a loader begins counts as one
 * that it waits for.
 */
export class RunningLoad {
  readonly #keys: readonly string[];
  /** The store that the keys belong to: caches on one store have one lease a key. */
  readonly #home: object;
  /** The load whose loader began this one. */
  readonly #asker: RunningLoad | undefined;
  readonly #waitsFor = new Set<AwaitedFlight>();
  /** The call of a batch loader that runs this load together with others. */
  #batch: RunningLoad | undefined;
  #isOver = false;

  constructor(keys: readonly string[], home: object, asker: RunningLoad | undefined) {
    this.#keys = keys;
    this.#home = home;
    this.#asker = asker;
  }

  /** The load in whose asynchronous context this is called; none once its loader has ended. */
  static current(): RunningLoad | undefined {
    const load = STORAGE.getStore()?.whole;
    return load?.isOver ? undefined : load;
  }

  /** One call of a batch loader instead of several loads. */
  static ofBatch(parts: readonly RunningLoad[]): RunningLoad | undefined {
    const [first] = parts;
    if (first === undefined) return undefined;
    const keys = parts.flatMap((part) => part.#keys);
    const batch = new RunningLoad(keys, first.#home, first.#asker);
    for (const part of parts) part.#joinBatch(batch);
    return batch;
  }

  /** Its loader has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The load itself, or the call of a batch loader that it is a part of. */
  get whole(): RunningLoad {
    return this.#batch ?? this;
  }

  /** Runs a loader as this load, until what it returns is settled. */
  async run<T>(loader: () => T | Promise<T>): Promise<T> {
    running++;
    try {
      return await STORAGE.run(this, loader);
    } finally {
      this.#isOver = true;
      if (--running === 0) STORAGE.disable();
    }
  }

  /** @throws LoadCycleError if this load, or one that waits for it, is loading the key: it would wait for itself */
  refuseAncestor(key: string, home: object): void {
    const path: string[] = [];
    for (let load: RunningLoad | undefined = this; load !== undefined; load = load.#asker?.whole) {
      if (load.isOver) return;
      path.unshift(load.#keys[0] ?? '');
      if (load.#home === home && load.#keys.includes(key)) throw cycle([key, ...path.slice(1), key]);
    }
  }

  /**
   * Waits for a flight, or for what it leads to.
   * @throws LoadCycleError where that flight waits for this load
   */
  async waitFor<T>(flight: AwaitedFlight, wait: () => Promise<T>): Promise<T> {
    const path = this.#pathBack(flight, new Set());
    if (path) throw cycle([this.#keys[0] ?? '', ...path]);
    this.#waitsFor.add(flight);
    try {
      return await wait();
    } finally {
      this.#waitsFor.delete(flight);
    }
  }

  #joinBatch(batch: RunningLoad): void {
    this.#batch = batch;
  }

  /** The keys from a flight to this load, which it waits for; `undefined` if it does not. */
  #pathBack(flight: AwaitedFlight, seen: Set<RunningLoad>): string[] | undefined {
    const load = flight.load?.whole;
    if (load === undefined || load.isOver || seen.has(load)) return undefined;
    if (load === this) return load.#keys.includes(flight.key) ? [flight.key] : [flight.key, load.#keys[0] ?? ''];
    seen.add(load);
    for (const next of load.#waitsFor) {
      const path = this.#pathBack(next, seen);
      if (path) return [flight.key, ...path];
    }
    return undefined;
  }
}

/** Keys are shown as in a log: without the private part of an e-mail address (P6). */
function cycle(keys: readonly string[]): LoadCycleError {
  return new LoadCycleError(
    `These loads wait for each other, and would do so for ever: ${keys.map(loggableKey).join(' → ')}. Read what a loader needs from the source, or from a key whose loader does not ask for this one.`,
  );
}
