import { type Duration, toMilliseconds } from '../config/duration.ts';
import type { Engine } from '../engine/engine.ts';
import { checkWholeNumber, KeyError, kindOf } from '../errors.ts';
import { normalizeText } from '../keys/canonical.ts';
import { rankingKey } from '../keys/store-keys.ts';
import { MemoryRanking } from '../store/memory-ranking.ts';
import type { Ranking, RankingOptions } from '../store/ranking.ts';

export interface PopularSearchOptions {
  /** Terms kept. Many more than are shown, so that new ones can rise. @default 1000 */
  readonly capacity?: number | undefined;
  /** Terms counted less often are not shown. @default 1 */
  readonly minimumCount?: number | undefined;
  /**
   * A search counts half after this time (forward decay), so that the list follows fashion.
   * @default none: plain counts
   */
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
/** After so many half-lives without a search, no count is left to be shown. */
const LIFE_IN_HALF_LIVES = 64;
const PERSONAL = /\S@\S|\d(?:[\s().+-]*\d){6,}/u;

/** What people search for most, over the `Ranking` port. Trouble of the store loses counts, never a request (P4). */
export class PopularSearches {
  readonly #engine: Engine;
  readonly #key: string;
  readonly #minimumCount: number;
  readonly #halfLifeMs: number | undefined;
  readonly #dropPersonal: boolean;
  readonly #rankingOptions: RankingOptions;
  /** For a store that keeps none. */
  readonly #own: Ranking;
  #buffer = new Map<string, number>();
  #cancelFlush: (() => void) | undefined;

  /** @throws CacheConfigError */
  constructor(engine: Engine, namespace: string | undefined, options: PopularSearchOptions = {}) {
    this.#engine = engine;
    const capacity = checkWholeNumber('popularSearches.capacity', options.capacity ?? 1000);
    this.#minimumCount = checkWholeNumber('popularSearches.minimumCount', options.minimumCount ?? 1);
    this.#halfLifeMs =
      options.halfLife === undefined ? undefined : toMilliseconds('popularSearches.halfLife', options.halfLife);
    this.#dropPersonal = options.dropPersonal ?? false;
    this.#key = rankingKey(namespace, this.#halfLifeMs); // scores of another half-life mean something else
    this.#rankingOptions = { capacity, ...(this.#halfLifeMs !== undefined && fadingOptions(this.#halfLifeMs)) };
    this.#own = new MemoryRanking(this.#rankingOptions);
  }

  /**
   * Counts one search. Empty, over-long and (by option) personal texts are ignored.
   * @throws KeyError for anything but a text.
   */
  add(query: string): void {
    const term = termOf(query);
    if (term === '' || term.length > MAX_QUERY_LENGTH || (this.#dropPersonal && PERSONAL.test(term))) return;
    this.#buffer.set(term, (this.#buffer.get(term) ?? 0) + 1);
    if (this.#buffer.size >= FLUSH_AT_TERMS) return this.#flushInBackground();
    const flush = () => this.#flushInBackground();
    this.#cancelFlush ??= this.#engine.clock.after(FLUSH_AFTER_MS, flush, { background: true });
  }

  /**
   * The most frequent first, those of this process included.
   * @throws CacheConfigError for a limit that is no whole number above 0.
   */
  async top(limit: number): Promise<PopularSearch[]> {
    const wanted = checkWholeNumber('limit', limit);
    await this.flush();
    const members = (await this.#ask((ranking) => ranking.top(wanted))) ?? [];
    return members
      .map(({ member, score }) => ({ query: member, count: Math.round(this.#countOf(score)) }))
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
    const amounts = new Map(Array.from(counts, ([term, count]) => [term, this.#amountOf(count)]));
    await this.#ask((ranking) => ranking.add(amounts));
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

  #ranking(): Ranking {
    return this.#engine.store.ranking?.(this.#key, this.#rankingOptions) ?? this.#own;
  }

  /**
   * A search counts twice as much as one a half-life earlier, which leaves all earlier scores as they are (forward
   * decay, Cormode et al. 2009). Such sums outgrow any number, so scores are their logarithms: a half-life is 1.
   */
  #amountOf(count: number): number {
    return this.#halfLifeMs === undefined ? count : Math.log2(count) + this.#halfLives(this.#halfLifeMs);
  }

  #countOf(score: number): number {
    return this.#halfLifeMs === undefined ? score : 2 ** (score - this.#halfLives(this.#halfLifeMs));
  }

  /** Since 1970. */
  #halfLives(halfLifeMs: number): number {
    return this.#engine.clock.epoch() / halfLifeMs;
  }
}

function fadingOptions(halfLifeMs: number): Omit<RankingOptions, 'capacity'> {
  return { isLogarithmic: true, lifeMs: halfLifeMs * LIFE_IN_HALF_LIVES };
}

function termOf(query: string): string {
  if (typeof query !== 'string') throw new KeyError(`A popular search must be a text; got ${kindOf(query)}.`);
  return normalizeText(query);
}
