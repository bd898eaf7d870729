import type { Rule } from './rule.ts';

/** Tags known before the load. */
export const knownTagRules = [
  {
    id: 'sampled-before-load',
    sentence: 'nonces are sampled before the source is read',
    mutant: 'sampled when the value is saved',
    breaks: 'P1',
  },
  {
    id: 'compared-on-read',
    sentence: 'nonces are compared on every read',
    mutant: 'compared before the fill only',
    breaks: 'P1',
  },
  {
    id: 'absent-is-miss',
    sentence: 'on a read, an absent nonce is a miss',
    mutant: 'an absent nonce proves nothing, the value is served',
    breaks: 'P1',
  },
  {
    id: 'absent-is-created',
    sentence: 'an absent nonce is created before the load',
    mutant: '"no nonce" is stored in the header, and equals no nonce',
    breaks: 'P1',
  },
  {
    id: 'nonce-random',
    sentence: 'a nonce is random, never a counter that restarts',
    mutant: 'a counter: an invalidation counts up, an evicted one starts again',
    breaks: 'P1',
  },
  {
    id: 'nonce-sent-once',
    sentence: 'a nonce command runs at most once per nonce',
    mutant: '`SET NX` is sent again with its nonce',
    breaks: 'P1',
  },
  {
    id: 'nonce-per-command',
    sentence: 'a nonce command draws a new nonce',
    mutant: 'one nonce per process and tag',
    breaks: 'P1',
  },
  {
    id: 'no-clocks',
    sentence: 'never clients’ wall clocks as fences',
    mutant: 'a tag keeps the time of its invalidation, a value the time of its load; one clock is ahead',
    breaks: 'P1',
  },
  {
    id: 'doomed-lease-taken-over',
    sentence: 'a reader who holds other nonces takes a doomed lease over',
    mutant: 'it waits: BUSY',
    breaks: 'P3',
  },
  {
    id: 'fill-checks-nonces',
    sentence: 'before a fill: known nonces unchanged',
    mutant: 'the fill does not ask; only reads compare',
    breaks: 'nothing',
    reason:
      'reads compare the nonce anyway; here the check only spares storing what nobody can use; joiners need it (below)',
  },
] as const satisfies readonly Rule[];
