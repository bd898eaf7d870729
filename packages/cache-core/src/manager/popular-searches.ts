import type { Engine } from '../engine/engine.ts';
import { CacheConfigError, KeyError, kindOf } from '../errors.ts';
import { normalizeText } from '../keys/canonical.ts';
import type { RankedMember, Ranking } from '../store/ranking.ts';

export interface PopularSearch {
  /** As normalised: trimmed, inner white space collapsed, lower case. */
  readonly query: string;
  readonly count: number;
}

/** A longer text is no search that others would repeat. */
const MAX_QUERY_LENGTH = 200;

/** What people search for most, over the `Ranking` port. */
export class PopularSearches {
  readonly #ranking: Ranking;
  readonly #engine: Engine;

  constructor(ranking: Ranking, engine: Engine) {
    this.#ranking = ranking;
    this.#engine = engine;
  }

  /** Counts one search. Empty and over-long texts are ignored. @throws KeyError for anything but a text. */
  async add(query: string): Promise<void> {
    if (typeof query !== 'string') throw new KeyError(`A popular search must be a text; got ${kindOf(query)}.`);
    const term = normalizeText(query);
    if (term === '' || term.length > MAX_QUERY_LENGTH) return;
    await this.#ask(() => this.#ranking.add(new Map([[term, 1]])), undefined);
  }

  /** The most frequent first. @throws CacheConfigError for a limit that is no whole number above 0. */
  async top(limit: number): Promise<PopularSearch[]> {
    if (!Number.isSafeInteger(limit) || limit < 1) {
      throw new CacheConfigError([`limit must be a whole number above 0; got ${kindOf(limit)}`]);
    }
    const members = await this.#ask<readonly RankedMember[]>(() => this.#ranking.top(limit), []);
    return members.map(({ member, score }) => ({ query: member, count: score }));
  }

  /** @returns whether the store did it. */
  clear(): Promise<boolean> {
    return this.#ask(() => this.#ranking.clear().then(() => true), false);
  }

  /** Trouble of the store loses counts, never a request (P4). */
  async #ask<T>(call: () => Promise<T>, otherwise: T): Promise<T> {
    try {
      return await this.#engine.ask(call);
    } catch {
      return otherwise; // said by `ask`
    }
  }
}
