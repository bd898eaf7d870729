import type { Rule } from './rule.ts';

/** The witness lease of one key. */
export const keyLeaseRules = [
  {
    id: 'fill-compares',
    sentence: 'fill: `lease` is not my token → refuse',
    mutant: 'a fill stores without looking at the lease',
    breaks: 'P1',
  },
  {
    id: 'fill-compares-token',
    sentence: 'fill: `lease` is not my token → refuse',
    mutant: 'a fill asks only whether there is a lease, not whose',
    breaks: 'P1',
  },
  {
    id: 'token-per-load',
    sentence: 'lease: a fresh random token per load',
    mutant: 'one token per client',
    breaks: 'P1',
  },
  {
    id: 'lease-sent-once',
    sentence: 'a lease command runs at most once per token; a retry draws a new one',
    mutant: 'a lease command is sent again with its token',
    breaks: 'P1',
  },
  {
    id: 'invalidate-deletes-lease',
    sentence: 'invalidate key: delete value and lease',
    mutant: 'only the value is deleted',
    breaks: 'P1',
  },
  {
    id: 'invalidate-deletes-value',
    sentence: 'invalidate key: delete value and lease',
    mutant: 'only the lease is deleted',
    breaks: 'P1',
  },
  {
    id: 'invalidate-value-first',
    sentence: 'invalidate key: one atomic command',
    mutant: 'two commands, the value first',
    breaks: 'P1',
  },
  {
    id: 'invalidate-lease-first',
    sentence: 'invalidate key: one atomic command',
    mutant: 'two commands, the lease first',
    breaks: 'nothing',
    reason:
      'a load without its lease cannot fill, and one that has filled is caught by the second command; a single command is one round trip and has no wrong order',
  },
  {
    id: 'renew-compares',
    sentence: 'renew only while `lease` is my token',
    mutant: 'a renewal sets a lease that is gone',
    breaks: 'P1',
  },
  { id: 'write-deletes-lease', sentence: 'write: set value, delete lease', mutant: 'the lease is left', breaks: 'P1' },
  { id: 'reads-primaries', sentence: 'reads go to primaries', mutant: 'reads go to a replica', breaks: 'P1' },
  {
    id: 'release-compares',
    sentence: 'release only while `lease` is my token',
    mutant: 'a release takes whatever lease is there',
    breaks: 'P3',
  },
  {
    id: 'hit-before-lease',
    sentence: 'lease: a value other than the rejected one → HIT',
    mutant: 'the value is not looked at',
    breaks: 'P3',
  },
  { id: 'busy', sentence: 'lease: lease present → BUSY', mutant: 'the newcomer takes the lease', breaks: 'P3' },
  {
    id: 'fill-deletes-lease',
    sentence: 'fill: set value, delete lease',
    mutant: 'the lease is left to expire',
    breaks: 'P3',
  },
  { id: 'lease-has-ttl', sentence: 'lease: with a TTL', mutant: 'it lasts until somebody deletes it', breaks: 'P3' },
] as const satisfies readonly Rule[];
