import { describe, expect, it } from 'vitest';
import { examine, type HistoryEvent, tellStory } from '../src/index.ts';

const ROW = { process: 0, row: 'lead 1' };
const KEY = { ...ROW, key: 'lead:1' };

/** Moments are small numbers here. */
function load(version: number, begin: number, end: number): HistoryEvent {
  return { kind: 'load', ...KEY, version, begin: BigInt(begin), end: BigInt(end) };
}
function read(version: number, begin: number, end = begin + 1, row = ROW.row): HistoryEvent {
  return { kind: 'read', ...KEY, row, version, begin: BigInt(begin), end: BigInt(end) };
}
function invalidation(version: number, called: number, resolved: number | undefined): HistoryEvent {
  return {
    kind: 'invalidation',
    ...ROW,
    version,
    called: BigInt(called),
    resolved: resolved === undefined ? undefined : BigInt(resolved),
  };
}

describe('examine', () => {
  it('finds nothing in a good history, and counts what it looked at', () => {
    const good = [load(0, 1, 5), invalidation(1, 3, 6), read(0, 2, 9), load(1, 7, 8), read(1, 7, 9), read(1, 10)];
    expect(examine(good)).toEqual({
      reads: 3,
      invalidations: 1,
      unapplied: 0,
      raced: 1,
      readsAfter: 2,
      readsAfterRace: 2,
      stale: [],
    });
  });

  it('finds a read that returns what was there before an invalidation that it came after', () => {
    const stale = read(0, 10);
    const cause = invalidation(1, 3, 6);
    const history = [load(0, 1, 5), cause, stale, read(1, 11)];
    expect(examine(history).stale).toEqual([{ read: stale, invalidation: cause }]);
  });

  it('holds the newest version against a read, in whatever order invalidations resolved or are told', () => {
    const newest = invalidation(3, 5, 6);
    const history = [read(2, 20), invalidation(2, 3, 9), newest, invalidation(1, 1, 2)];
    expect(examine(history).stale).toMatchObject([{ invalidation: newest }]);
    expect(examine([...history, read(3, 20), read(4, 20)]).stale).toHaveLength(1);
  });

  it('asks nothing of a read that began before, or in the moment when, the invalidation resolved', () => {
    const history = [invalidation(1, 3, 6), read(0, 2, 99), read(0, 5, 99), read(0, 6)];
    expect(examine(history)).toMatchObject({ readsAfter: 0, stale: [] });
    expect(examine([...history, read(0, 7)])).toMatchObject({ readsAfter: 1, stale: [{}] });
  });

  it('asks nothing after an invalidation that was not applied', () => {
    const history = [invalidation(1, 3, undefined), read(0, 10)];
    expect(examine(history)).toMatchObject({ unapplied: 1, readsAfter: 0, stale: [] });
  });

  it('keeps rows apart', () => {
    expect(examine([invalidation(1, 3, 6), read(0, 10, 11, 'lead 2')])).toMatchObject({ readsAfter: 0, stale: [] });
  });

  it.for([
    ['one that ran when it was called', load(0, 2, 4), 1],
    ['none that ended before it', load(0, 1, 2), 0],
    ['none that began after it', load(0, 4, 9), 0],
    ['none that had read the new version', load(1, 2, 4), 0],
  ] as const)('counts as the race of an invalidation %s', ([, loaded, raced]) => {
    const history = [loaded, invalidation(1, 3, 6), read(1, 7), read(1, 8)];
    expect(examine(history)).toMatchObject({ raced, readsAfterRace: raced * 2 });
  });
});

it('tells the story of a stale read in order', () => {
  const history = [
    read(0, 12_000_000, 13_000_000),
    invalidation(1, 3_000_000, 6_000_000),
    load(0, 1_000_000, 9_000_000),
    read(1, 8_000_000), // of another version
    load(0, 20_000_000, 21_000_000), // too late to be the cause
  ];
  const [stale] = examine(history).stale;
  expect(stale && tellStory(stale, history)).toBe(
    [
      'Stale read of lead:1: version 0, though 1 of lead 1 had been invalidated.',
      '   -11.000 ms  load of lead:1 by process 0: begins',
      '    -9.000 ms  invalidation of lead 1 for version 1 by process 0: called',
      '    -6.000 ms  invalidation of lead 1 for version 1 by process 0: resolved',
      '    -3.000 ms  load of lead:1 by process 0: ends with version 0',
      '     0.000 ms  read of lead:1 by process 0: begins',
      '     1.000 ms  read of lead:1 by process 0: ends with version 0',
    ].join('\n'),
  );
});
