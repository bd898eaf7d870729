/** Members with scores, highest first: the port behind popular searches. */
export interface Ranking {
  /** Adds to the scores of members; unknown ones begin at 0. */
  add(counts: ReadonlyMap<string, number>): Promise<void>;
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
  /** Members kept, or a few more. */
  readonly capacity: number;
  /** After so long without additions the ranking may go. @default never */
  readonly lifeMs?: number | undefined;
}
