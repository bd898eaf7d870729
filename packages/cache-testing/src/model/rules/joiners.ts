import type { Rule } from './rule.ts';

/** Flights in the process, and who may join them. */
export const joinerRules = [
  {
    id: 'verdict-awaited',
    sentence: 'a joiner shares its value only once its fill was accepted',
    mutant: 'it gets the value at once',
    breaks: 'P1',
  },
  {
    id: 'fill-checks-nonces',
    sentence: 'before a fill: known nonces unchanged',
    mutant: 'the fill asks for the lease alone',
    breaks: 'P1',
  },
  {
    id: 'closes-with-checks',
    sentence: 'a flight closes to joiners when the checks of its fill are sent',
    mutant: 'it closes with the verdict',
    breaks: 'P1',
  },
  {
    id: 'no-verdict-starts-over',
    sentence: 'no verdict (no lease, no answer) → the joiner starts over',
    mutant: 'shared as it is',
    breaks: 'P1',
  },
  {
    id: 'hit-for-leader',
    sentence: 'nothing requested before a reader began is used for it: a HIT under the lease is for the leader',
    mutant: 'every owner of the flight gets it',
    breaks: 'P1',
  },
  {
    id: 'read-not-joined',
    sentence: 'a read already sent is never joined',
    mutant: 'a reader uses the answer to a read sent before it began',
    breaks: 'P1',
  },
  {
    id: 'older-not-joined',
    sentence: 'a flight of an older generation is not joined',
    mutant: 'generations are not kept',
    breaks: 'P1',
  },
  {
    id: 'unapplied-distrusted',
    sentence: 'keys of an invalidation that could not be applied are distrusted in this process',
    mutant: 'the store is trusted',
    breaks: 'P1',
  },
  {
    id: 'bump-at-start',
    sentence: 'an invalidation bumps the generation when it starts',
    mutant: 'only before it resolves',
    breaks: 'nothing',
    reason:
      'either bump is enough for safety (without both: `older-not-joined`); this one keeps newcomers off a doomed flight from the start',
  },
  {
    id: 'bump-at-end',
    sentence: 'and again before it resolves',
    mutant: 'only when it starts',
    breaks: 'nothing',
    reason:
      'either bump is enough for safety; this one spares newcomers a flight that began meanwhile and will be refused',
  },
] as const satisfies readonly Rule[];
