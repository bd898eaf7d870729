/** What the protocol does, and the mutant that does not. */
export interface Rule {
  readonly id: string;
  readonly sentence: string;
  /** The same left out, or done the wrong way. */
  readonly mutant: string;
  /**
   * What the mutant breaks. P3: it stays safe, and costs loads or waiting. Nothing: within the bounds, this mechanism is as safe without the
   * rule.
   */
  readonly breaks: 'P1' | 'P2' | 'P3' | 'nothing';
  /** What the rule is for, if the mutant breaks nothing. */
  readonly reason?: string;
}
