/** Members with scores, highest first: the port behind popular searches. */
export interface Ranking {
  /** Adds to the scores of members; unknown ones begin at nothing. */
  add(amounts: ReadonlyMap<string, number>): Promise<void>;
  /** The highest scores first; equal scores in any order. */
  top(limit: number): Promise<readonly RankedMember[]>;
  /** `false` where there was no such member. */
  remove(member: string): Promise<boolean>;
  clear(): Promise<void>;
}

export interface RankedMember {
  readonly member: string;
  readonly score: number;
}

export interface RankingOptions {
  /** Members kept, or up to a quarter more: the lowest go then. */
  readonly capacity: number;
  /** Milliseconds after which a ranking may go to which nothing was added. @default never */
  readonly lifeMs?: number | undefined;
  /**
   * Scores are logarithms to base two, and what is added is one as well: adding `a` to `b` makes
   * `log2(2 ** a + 2 ** b)`. They can tell sums that no number holds, such as those of counts that fade.
   * @default false
   */
  readonly isLogarithmic?: boolean | undefined;
}

/**
 * New members may outnumber the capacity by this share before the lowest are dropped, or none of them could ever rise.
 */
export const RANKING_SLACK = 1.25;

/** `log2(2 ** one + 2 ** other)`, also where no number holds these powers. */
export function addLogarithms(one: number, other: number): number {
  const [low, high] = one < other ? [one, other] : [other, one];
  return high + Math.log2(1 + 2 ** (low - high));
}
