import type { Rule } from './rule.ts';

/** Sweeping by pattern. */
export const sweepRules = [
  { id: 'leases-first', sentence: 'all leases first, then values', mutant: 'values first, then leases', breaks: 'P1' },
  {
    id: 'two-passes',
    sentence: 'all leases first, then values',
    mutant: 'both in one pass, as SCAN returns them',
    breaks: 'P1',
  },
  { id: 'leases-too', sentence: 'all leases first, then values', mutant: 'values only', breaks: 'P1' },
  {
    id: 'unlinks-answered',
    sentence: 'every lease UNLINK is answered before the first scan of values',
    mutant: 'leases have been scanned, their UNLINK is on its way',
    breaks: 'P1',
  },
  { id: 'every-primary', sentence: 'SCAN every primary', mutant: 'one primary only', breaks: 'P1' },
  {
    id: 'lost-starts-over',
    sentence: 'a lost connection → start over',
    mutant: 'the sweep goes on as if the UNLINK had been answered',
    breaks: 'P1',
  },
  { id: 'topology-starts-over', sentence: 'a topology change → start over', mutant: 'nobody looks', breaks: 'P1' },
  {
    id: 'moving-starts-over',
    sentence: 'a migrating slot → start over',
    mutant: 'only who owns the slot is compared, not whether it is moving',
    breaks: 'P1',
  },
  {
    id: 'topology-by-epoch',
    sentence: 'topologies are compared by epoch',
    mutant: 'by who owns the slots: a slot that has come back is not noticed',
    breaks: 'P1',
  },
  {
    id: 'leases-everywhere-first',
    sentence: 'lease UNLINKs on every primary before the first scan of values',
    mutant: 'each primary goes from leases to values on its own',
    breaks: 'nothing',
    reason:
      'value and lease of a key are on one primary, and a slot that moves starts the sweep over: waiting for all primaries is a second safeguard',
  },
] as const satisfies readonly Rule[];
