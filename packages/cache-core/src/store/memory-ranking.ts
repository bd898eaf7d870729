import type { RankedMember, Ranking } from './ranking.ts';

/** New members may outnumber the capacity by this share before the lowest are dropped, or none of them could ever rise. */
const SLACK = 1.25;

/** A ranking in the memory of this process, bounded (P7). */
export class MemoryRanking implements Ranking {
  readonly #scores = new Map<string, number>();
  readonly #capacity: number;

  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
  }

  async add(counts: ReadonlyMap<string, number>): Promise<void> {
    for (const [member, count] of counts) this.#scores.set(member, (this.#scores.get(member) ?? 0) + count);
    if (this.#scores.size <= this.#capacity * SLACK) return;
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
