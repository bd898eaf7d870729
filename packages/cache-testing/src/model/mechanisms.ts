/** The mechanisms of the protocol, each with its model, its rules, and how much of it is explored. */
import { type Exploration, explore, type Model } from './explore.ts';
import { Joiners } from './joiners.ts';
import { KeyLease } from './key-lease.ts';
import { KnownTags } from './known-tags.ts';
import { LateTags } from './late-tags.ts';
import { LocalCopies } from './local-copies.ts';
import type { Rule } from './rules/rule.ts';
import { type MechanismName, rules } from './rules.ts';
import { Sweeping } from './sweep.ts';

/** `quick` is for tests, `full` for `pnpm model`. `quiet` runs have no faults and are held to P3. */
export type Size = 'quick' | 'full' | 'quiet';

export interface Run extends Exploration {
  readonly bounds: string;
  /** Processor time: what else the machine does meanwhile does not count. */
  readonly cpuMs: number;
}

export interface Mechanism {
  readonly name: MechanismName;
  readonly rules: readonly Rule[];
  /** What it is held to in runs with faults. */
  readonly promise: 'P1' | 'P2';
  /** What the protocol, unbroken, must be seen to do: a model in which nothing happens would hold as well. */
  readonly shows: readonly string[];
  /** Explores the protocol, or a mutant of it, within each of the bounds of this size. */
  run(size: Size, mutant?: Rule): Iterable<Run>;
}

interface Bounded<B> {
  readonly words: string;
  readonly bounds: B;
}

const STATE_LIMIT = 8_000_000;

function mechanism<Id extends string, B, S>(
  name: MechanismName,
  rows: readonly (Rule & { readonly id: Id })[],
  Protocol: new (bounds: B, broken?: Id) => Model<S>,
  sizes: Readonly<Record<Size, readonly Bounded<B>[]>>,
  shows: readonly string[],
  promise: Mechanism['promise'] = 'P1',
): Mechanism {
  return {
    name,
    rules: rows,
    promise,
    shows,
    *run(size, mutant) {
      const broken = rows.find(({ id }) => id === mutant?.id)?.id;
      for (const { words, bounds } of sizes[size]) {
        const start = process.cpuUsage();
        const exploration = explore(new Protocol(bounds, broken), STATE_LIMIT);
        const { user, system } = process.cpuUsage(start);
        yield { ...exploration, bounds: words, cpuMs: (user + system) / 1000 };
      }
    },
  };
}

export const mechanisms: readonly Mechanism[] = [
  mechanism(
    'key-lease',
    rules['key-lease'],
    KeyLease,
    {
      quick: [{ words: '2 loaders, 1 writer', bounds: { loaders: 2, writers: 1, promise: 'P1' } }],
      full: [{ words: '3 loaders, 2 writers', bounds: { loaders: 3, writers: 2, promise: 'P1' } }],
      quiet: [{ words: '3 loaders, no faults', bounds: { loaders: 3, writers: 0, promise: 'P3' } }],
    },
    [
      'hit v0',
      'hit v1',
      'HIT',
      'BUSY',
      '→ stored',
      '→ refused',
      '→ backoff',
      'not its lease',
      'runs late',
      'crashes',
      'fill v0 delivered again',
    ],
  ),
  mechanism(
    'known-tags',
    rules['known-tags'],
    KnownTags,
    {
      quick: [{ words: '2 loaders, 1 writer', bounds: { loaders: 2, writers: 1, promise: 'P1' } }],
      full: [{ words: '3 loaders, 2 writers', bounds: { loaders: 3, writers: 2, promise: 'P1' } }],
      quiet: [{ words: '3 loaders, 1 writer, no faults', bounds: { loaders: 3, writers: 1, promise: 'P3' } }],
    },
    ['hit v1', 'miss', 'taken over', 'BUSY', '→ stored', 'gives up the fill', 'creates n', 'runs late', 'crashes'],
  ),
  mechanism(
    'late-tags',
    rules['late-tags'],
    LateTags,
    {
      quick: [{ words: '1 loader, 2 writers, log of 2', bounds: { loaders: 1, writers: 2, logCap: 2 } }],
      full: [
        { words: '1 loader, 3 writers, log of 2', bounds: { loaders: 1, writers: 3, logCap: 2 } },
        { words: '2 loaders, 2 writers, log of 2', bounds: { loaders: 2, writers: 2, logCap: 2 } },
      ],
      quiet: [],
    },
    [
      'hit v1',
      'miss',
      'fills v1',
      'marker',
      'the tag is in it',
      'the noted entry is gone',
      'unlinks the log',
      'runs late',
      'log is evicted',
    ],
  ),
  mechanism(
    'sweep',
    rules.sweep,
    Sweeping,
    {
      quick: [{ words: '1 loader', bounds: { loaders: [1], keyWriters: 0 } }],
      full: [
        { words: '2 loaders of k1, 1 of k0', bounds: { loaders: [1, 1, 0], keyWriters: 0 } },
        { words: '2 loaders of k1, a second writer', bounds: { loaders: [1, 1], keyWriters: 1 } },
      ],
      quiet: [],
    },
    [
      'unlinks the lease',
      'unlinks the value',
      '→ stored',
      '→ refused',
      'connection is lost',
      'a slot has moved',
      'invalidate resolves',
    ],
  ),
  mechanism(
    'joiners',
    rules.joiners,
    Joiners,
    {
      quick: [
        { words: '2 readers, a writer beside them', bounds: { readers: [0, 0], writers: [0], isWarm: false } },
        { words: '2 readers, a writer elsewhere', bounds: { readers: [0, 0], writers: [1], isWarm: false } },
        { words: '2 readers, a stored entry', bounds: { readers: [0, 0], writers: [1], isWarm: true } },
      ],
      full: [
        { words: '2 readers, 2 writers', bounds: { readers: [0, 0], writers: [0, 1], isWarm: false } },
        {
          words: '2 + 1 readers, a writer beside the two',
          bounds: { readers: [0, 0, 1], writers: [0], isWarm: false },
        },
        {
          words: '2 + 1 readers, a writer beside the one',
          bounds: { readers: [0, 0, 1], writers: [1], isWarm: false },
        },
      ],
      quiet: [],
    },
    [
      'hit v1',
      'owns flight',
      'joins flight',
      '→ stored',
      '→ refused',
      'nonce changed',
      'HIT',
      'no answer to its fill',
      'as not applied',
      'replayed',
    ],
  ),
  mechanism(
    'local-copies',
    rules['local-copies'],
    LocalCopies,
    {
      quick: [
        { words: '2 reads, 1 change', bounds: { reads: 2, changes: 1, losses: 0, rareEvents: 0 } },
        { words: '1 read, 1 change, an overflow, an end', bounds: { reads: 1, changes: 1, losses: 0, rareEvents: 1 } },
        { words: '1 read, 1 change, 2 losses', bounds: { reads: 1, changes: 1, losses: 2, rareEvents: 0 } },
      ],
      full: [
        { words: '1 read, 3 changes, 2 losses', bounds: { reads: 1, changes: 3, losses: 2, rareEvents: 0 } },
        { words: '2 reads, 2 changes, 2 losses', bounds: { reads: 2, changes: 2, losses: 2, rareEvents: 0 } },
        {
          words: '2 reads, 1 change, 1 loss, an overflow, an end',
          bounds: { reads: 2, changes: 1, losses: 1, rareEvents: 1 },
        },
      ],
      quiet: [],
    },
    [
      'hit returns v0',
      'hit returns v1',
      'announces key',
      'announces tag',
      'announces all',
      'poisoned, no copy',
      'is lost',
      'seen to be closed',
      'is armed',
      'bound passes',
      'table overflows',
      'the entry ends',
      'barrier() resolves',
    ],
    'P2',
  ),
];
