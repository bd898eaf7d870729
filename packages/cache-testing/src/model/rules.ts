/**
 * The rules of the Redis protocol in one table: what the design says, and the mutant that leaves it out. Tests and `pnpm model` walk through
 * it: every mutant must do exactly the harm its row names, no less and no more.
 */
import { joinerRules } from './rules/joiners.ts';
import { keyLeaseRules } from './rules/key-lease.ts';
import { knownTagRules } from './rules/known-tags.ts';
import { lateTagRules } from './rules/late-tags.ts';
import { localCopyRules } from './rules/local-copies.ts';
import { sweepRules } from './rules/sweep.ts';

export const rules = {
  'key-lease': keyLeaseRules,
  'known-tags': knownTagRules,
  'late-tags': lateTagRules,
  sweep: sweepRules,
  joiners: joinerRules,
  'local-copies': localCopyRules,
} as const;

export type MechanismName = keyof typeof rules;

/** The ids of the rules of one mechanism: what its model can leave out. */
export type RuleOf<M extends MechanismName> = (typeof rules)[M][number]['id'];
