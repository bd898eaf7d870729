import { type Duration, toMilliseconds } from '../config/duration.ts';
import type { Engine } from '../engine/engine.ts';
import { checkWholeNumber, KeyError, kindOf } from '../errors.ts';
import { normalizeText } from '../keys/canonical.ts';
import { rankingKey } from '../keys/store-keys.ts';
import { MemoryRanking } from '../store/memory-ranking.ts';
import type { Ranking } from '../store/ranking.ts';

export interface PopularSearchOptions {
  /** Terms kept. Many more than are shown, so that new ones can rise. @default 1000 */
  readonly capacity?: number | undefined;
  /** Terms counted less often are not shown. @default 1 */
  readonly minimumCount?: number | undefined;
  /** A search counts half after this time (forward decay), so that the list follows fashion. @default none: plain counts */
  readonly halfLife?: Duration | undefined;
  /** Ignore terms with an e-mail address, or a number long enough for a telephone. @default false */
  readonly dropPersonal?: boolean | undefined;
}

export interface PopularSearch {
  /** As normalised: trimmed, inner white space collapsed, lower case. */
  readonly query: string;
  /** With `halfLife` the decayed count, rounded. */
  readonly count: number;
}

/** A longer text is no search that others would repeat. */
const MAX_QUERY_LENGTH = 200;
/** Counts wait in this process, so that no request waits for them: this long, or until there are so many terms. */
const FLUSH_AFTER_MS = 1000;
const FLUSH_AT_TERMS = 500;
/** Decayed scores grow by a factor of two each half-life; a double holds 1,024. Then a new ranking begins. */
const HALF_LIVES_PER_ERA = 500;
const PERSONAL = /\S@\S|\d(?:[\s().+-]*\d){6,}/u;

/** What people search for most, over the `Ranking` port. Trouble of the store loses counts, never a request (P4). */
export class PopularSearches {
  readonly #engine: Engine;
  readonly #namespace: string | undefined;
  readonly #capacity: number;
  readonly #minimumCount: number;
  readonly #halfLifeMs: number | undefined;
  readonly #dropPersonal: boolean;
  /** For a store that keeps none. */
  #own: { readonly key: string; readonly ranking: Ranking } | undefined;
  #buffer = new Map<string, number>();
  #cancelFlush: (() => void) | undefined;

  /** @throws CacheConfigError */
  constructor(engine: Engine, namespace: string | undefined, options: PopularSearchOptions = {}) {
    this.#engine = engine;
    this.#namespace = namespace;
    this.#capacity = checkWholeNumber('popularSearches.capacity', options.capacity ?? 1000);
    this.#minimumCount = checkWholeNumber('popularSearches.minimumCount', options.minimumCount ?? 1);
    this.#halfLifeMs =
      options.halfLife === undefined ? undefined : toMilliseconds('popularSearches.halfLife', options.halfLife);
    this.#dropPersonal = options.dropPersonal ?? false;
  }

  /** Counts one search. Empty, over-long and (by option) personal texts are ignored. @throws KeyError for anything but a text. */
  add(query: string): void {
    const term = termOf(query);
    if (term === '' || term.length > MAX_QUERY_LENGTH || (this.#dropPersonal && PERSONAL.test(term))) return;
    this.#buffer.set(term, (this.#buffer.get(term) ?? 0) + 1);
    if (this.#buffer.size >= FLUSH_AT_TERMS) return this.#flushInBackground();
    const flush = () => this.#flushInBackground();
    this.#cancelFlush ??= this.#engine.clock.after(FLUSH_AFTER_MS, flush, { background: true });
  }

  /** The most frequent first, those of this process included. @throws CacheConfigError for a limit that is no whole number above 0. */
  async top(limit: number): Promise<PopularSearch[]> {
    const wanted = checkWholeNumber('limit', limit);
    await this.flush();
    const members = (await this.#ask((ranking) => ranking.top(wanted))) ?? [];
    return members
      .map(({ member, score }) => ({ query: member, count: Math.round(score / this.#weight()) }))
      .filter(({ count }) => count >= this.#minimumCount);
  }

  /** Forgets a term. @returns whether it was known. */
  async remove(query: string): Promise<boolean> {
    await this.flush();
    return (await this.#ask((ranking) => ranking.remove(termOf(query)))) ?? false;
  }

  /** @returns whether the store did it. */
  async clear(): Promise<boolean> {
    this.#buffer.clear();
    return (await this.#ask((ranking) => ranking.clear().then(() => true))) ?? false;
  }

  /** Sends what waits here. What the store does not take is lost: it is no more than a count. */
  async flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const counts = this.#buffer;
    if (counts.size === 0) return;
    this.#buffer = new Map();
    const weight = this.#weight(); // of the era of the ranking that it is added to
    await this.#ask((ranking) => ranking.add(new Map([...counts].map(([term, count]) => [term, count * weight]))));
  }

  #flushInBackground(): void {
    this.#engine.runInBackground('popular searches', this.flush());
  }

  async #ask<T>(call: (ranking: Ranking) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#engine.ask('ranking', () => call(this.#ranking()));
    } catch {
      return undefined; // said by `ask`
    }
  }

  /** The ranking of the present era; one of this process for a store that keeps none. */
  #ranking(): Ranking {
    const era = this.#halfLifeMs === undefined ? undefined : this.#era(this.#halfLifeMs);
    const key = rankingKey(this.#namespace, era);
    const lifeMs = this.#halfLifeMs === undefined ? undefined : this.#halfLifeMs * HALF_LIVES_PER_ERA;
    const options = { capacity: this.#capacity, lifeMs };
    const kept = this.#engine.store.ranking?.(key, options);
    if (kept) return kept;
    if (this.#own?.key !== key) this.#own = { key, ranking: new MemoryRanking(options) };
    return this.#own.ranking;
  }

  /** What one search counts now. Later ones count more, which leaves all earlier scores as they are (Cormode et al. 2009). */
  #weight(): number {
    if (this.#halfLifeMs === undefined) return 1;
    const halfLives = this.#engine.clock.epoch() / this.#halfLifeMs;
    return 2 ** (halfLives - this.#era(this.#halfLifeMs) * HALF_LIVES_PER_ERA);
  }

  #era(halfLifeMs: number): number {
    return Math.floor(this.#engine.clock.epoch() / halfLifeMs / HALF_LIVES_PER_ERA);
  }
}

function termOf(query: string): string {
  if (typeof query !== 'string') throw new KeyError(`A popular search must be a text; got ${kindOf(query)}.`);
  return normalizeText(query);
}
