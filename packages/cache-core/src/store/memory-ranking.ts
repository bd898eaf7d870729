import { addLogarithms, RANKING_SLACK, type RankedMember, type Ranking, type RankingOptions } from './ranking.ts';

/** A ranking in the memory of this process, bounded (P7). */
export class MemoryRanking implements Ranking {
  readonly #scores = new Map<string, number>();
  readonly #capacity: number;
  readonly #sum: (one: number, other: number) => number;

  constructor({ capacity, isLogarithmic = false }: RankingOptions) {
    this.#capacity = capacity;
    this.#sum = isLogarithmic ? addLogarithms : (one, other) => one + other;
  }

  async add(amounts: ReadonlyMap<string, number>): Promise<void> {
    for (const [member, amount] of amounts) {
      const score = this.#scores.get(member);
      this.#scores.set(member, score === undefined ? amount : this.#sum(score, amount));
    }
    if (this.#scores.size <= this.#capacity * RANKING_SLACK) return;
    for (const { member } of this.#sorted().slice(this.#capacity)) this.#scores.delete(member);
  }

  async top(limit: number): Promise<readonly RankedMember[]> {
    return this.#sorted().slice(0, Math.min(limit, this.#capacity));
  }

  async remove(member: string): Promise<boolean> {
    return this.#scores.delete(member);
  }

  async clear(): Promise<void> {
    this.#scores.clear();
  }

  #sorted(): RankedMember[] {
    return [...this.#scores]
      .map(([member, score]) => ({ member, score }))
      .sort((a, b) => b.score - a.score || (a.member < b.member ? -1 : 1));
  }
}
