import { type Clock, sleep, systemClock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Ranking } from '../store/ranking.ts';
import type { Store } from '../store/store.ts';
import { seededRandom, seedFor } from './seeded-random.ts';

/** What can happen to a call, each as a share of all calls from 0 to 1; together no more than 1. */
export interface FaultRates {
  /** Rejects at once, and the store never sees it. */
  readonly rejects?: number;
  /** Never settles, and the store never sees it. */
  readonly hangs?: number;
  /** Settles late. A part of the time passes before the store sees the call, so that it may run after its caller gave up. */
  readonly late?: number;
  /** Is carried out, but its answer is lost: one half of these rejects, the other never settles. */
  readonly lost?: number;
  /** How late, in milliseconds. @default [1, 1000] */
  readonly lateMs?: readonly [from: number, to: number];
}

/** Rates by kind of call; `all` for the kinds that are not named. */
export type FaultPlan = { readonly [Kind in FlakyCall | 'all']?: FaultRates };

/** Every method of a store that is answered later. `ranking` stands for all calls of its rankings. */
export type FlakyCall =
  | {
      [Name in keyof Store]-?: ReturnType<NonNullable<Store[Name]>> extends Promise<unknown> ? Name : never;
    }[keyof Store]
  | 'ranking';

export interface FlakyOptions {
  /** The same seed, plan and order of the calls of each kind: the same faults. */
  readonly seed: number;
  readonly plan: FaultPlan;
  /** By which answers are late. @default systemClock */
  readonly clock?: Clock;
}

const DEFAULT_LATE_MS = [1, 1_000] as const;

type Fate = 'answers' | 'rejects' | 'hangs' | 'late' | 'lost';

/**
 * A store whose calls go wrong by a seeded plan: for tests of what stands before a store. `status` and `close` are those of
 * the store behind it.
 * @example
 * const store = new FlakyStore(memoryStore(), { seed: 1, plan: { all: { rejects: 0.1 }, read: { hangs: 0.5 } } });
 */
export class FlakyStore implements Store {
  /** May be replaced while running: an empty one ends the trouble. */
  plan: FaultPlan;
  /** How many calls of each kind there were, whatever became of them. */
  readonly calls = new Map<FlakyCall, number>();
  /** Left out where the store behind has none. */
  readonly ranking?: NonNullable<Store['ranking']>;
  /** That of the store behind: never flaky. */
  readonly announcements?: NonNullable<Store['announcements']>;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #draws = new Map<FlakyCall, () => number>();

  constructor(store: Store, { seed, plan, clock = systemClock }: FlakyOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#seed = seed;
    this.plan = plan;
    if (store.announcements) this.announcements = store.announcements.bind(store);
    if (store.ranking) this.ranking = (...asked) => this.#flakyRanking(store.ranking?.(...asked));
  }

  // One line a method.
  readonly ping: Store['ping'] = (...asked) => this.#ask('ping', (store) => store.ping(...asked));
  readonly read: Store['read'] = (...asked) => this.#ask('read', (store) => store.read(...asked));
  readonly lease: Store['lease'] = (...asked) => this.#ask('lease', (store) => store.lease(...asked));
  readonly renew: Store['renew'] = (...asked) => this.#ask('renew', (store) => store.renew(...asked));
  readonly fill: Store['fill'] = (...asked) => this.#ask('fill', (store) => store.fill(...asked));
  readonly release: Store['release'] = (...asked) => this.#ask('release', (store) => store.release(...asked));
  readonly expire: Store['expire'] = (...asked) => this.#ask('expire', (store) => store.expire(...asked));
  readonly invalidate: Store['invalidate'] = (...asked) =>
    this.#ask('invalidate', (store) => store.invalidate(...asked));
  readonly sweep: Store['sweep'] = (...asked) => this.#ask('sweep', (store) => store.sweep(...asked));
  readonly report: Store['report'] = (...asked) => this.#ask('report', (store) => store.report(...asked));
  readonly status: Store['status'] = () => this.#store.status();
  readonly onStatus: Store['onStatus'] = (listener) => this.#store.onStatus(listener);
  readonly close: Store['close'] = () => this.#store.close();

  async #ask<T>(kind: FlakyCall, run: (store: Store) => Promise<T>): Promise<T> {
    this.calls.set(kind, (this.calls.get(kind) ?? 0) + 1);
    // Always as many draws a call, so that one plan does not shift what the next one decides.
    const draw = this.#drawOf(kind);
    const [fate, length, split] = [draw(), draw(), draw()];
    const rates = this.plan[kind] ?? this.plan.all ?? {};
    switch (fateOf(rates, fate)) {
      case 'answers':
        return run(this.#store);
      case 'rejects':
        throw new StoreUnavailableError('The flaky store rejects this call, as planned.');
      case 'hangs':
        return never();
      case 'lost':
        await run(this.#store);
        if (split < 0.5) return never();
        throw new StoreUnavailableError('The flaky store lost the answer to this call, as planned.');
      case 'late': {
        const [from, to] = rates.lateMs ?? DEFAULT_LATE_MS;
        const lateMs = from + length * (to - from);
        await sleep(this.#clock, lateMs * split);
        const answer = await run(this.#store);
        await sleep(this.#clock, lateMs * (1 - split));
        return answer;
      }
    }
  }

  #flakyRanking(ranking: Ranking | undefined): Ranking {
    if (!ranking) throw new Error('The store behind has no rankings any more.');
    return {
      add: (...asked) => this.#ask('ranking', () => ranking.add(...asked)),
      top: (...asked) => this.#ask('ranking', () => ranking.top(...asked)),
      remove: (...asked) => this.#ask('ranking', () => ranking.remove(...asked)),
      clear: (...asked) => this.#ask('ranking', () => ranking.clear(...asked)),
    };
  }

  /** A sequence a kind: how the calls of different kinds interleave changes nothing. */
  #drawOf(kind: FlakyCall): () => number {
    const known = this.#draws.get(kind);
    if (known) return known;
    const draw = seededRandom(seedFor(this.#seed, kind));
    this.#draws.set(kind, draw);
    return draw;
  }
}

function fateOf({ rejects = 0, hangs = 0, late = 0, lost = 0 }: FaultRates, draw: number): Fate {
  if (draw < rejects) return 'rejects';
  if (draw < rejects + hangs) return 'hangs';
  if (draw < rejects + hangs + late) return 'late';
  return draw < rejects + hangs + late + lost ? 'lost' : 'answers';
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
