import type { Rule } from './rule.ts';

/** Tags known only from the loaded value, and the invalidation log. */
export const lateTagRules = [
  {
    id: 'noted-before-load',
    sentence: 'before loading, note the newest entry of the log',
    mutant: 'noted after the source was read',
    breaks: 'P1',
  },
  {
    id: 'marker-if-empty',
    sentence: 'append a marker if the log is empty',
    mutant: 'an empty log is noted as empty, and anything found later is "since"',
    breaks: 'P1',
  },
  {
    id: 'log-read',
    sentence: 'a late tag in the rest of the log → refuse',
    mutant: 'late tags are not checked',
    breaks: 'P1',
  },
  {
    id: 'nonces-then-log',
    sentence: 'sample the nonces of the late tags, then read the log',
    mutant: 'the log is read first',
    breaks: 'P1',
  },
  {
    id: 'gone-is-refused',
    sentence: 'the noted entry is gone → refuse',
    mutant: 'whatever is left of the log is taken for the rest',
    breaks: 'P1',
  },
  {
    id: 'matched-by-token',
    sentence: 'the noted entry counts as present only if id and token match',
    mutant: 'matched by id alone',
    breaks: 'P1',
  },
  {
    id: 'append-sent-once',
    sentence: 'an append to the log runs at most once per token; a replay draws a new one',
    mutant: 'an invalidation is repeated with the same token',
    breaks: 'P1',
  },
  {
    id: 'marker-sent-once',
    sentence: 'a marker is appended at most once per token',
    mutant: 'a marker is sent again with its token',
    breaks: 'P1',
  },
  {
    id: 'log-then-nonce',
    sentence: 'append to the log, then, once answered, delete the nonce',
    mutant: 'both are sent at once: the nonce is deleted first',
    breaks: 'P1',
  },
  {
    id: 'refused-unlinks',
    sentence: 'append refused → unlink the log, then delete the nonce',
    mutant: 'the nonce is deleted anyway',
    breaks: 'P1',
  },
  {
    id: 'unlink-then-nonce',
    sentence: 'append refused → unlink the log, then delete the nonce',
    mutant: 'the nonce is deleted first',
    breaks: 'P1',
  },
  {
    id: 'unknown-is-replayed',
    sentence: 'outcome of the append unknown → both replayed',
    mutant: 'the nonce is deleted, and the invalidation resolves',
    breaks: 'P1',
  },
  {
    id: 'absent-is-created',
    sentence: 'the nonces of late tags are created if absent',
    mutant: '"no nonce" is stored in the header, and equals no nonce',
    breaks: 'P1',
  },
  {
    id: 'compared-on-read',
    sentence: 'a hit with late tags costs a second read for their nonces',
    mutant: 'late tags are not compared on a read',
    breaks: 'P1',
  },
] as const satisfies readonly Rule[];
