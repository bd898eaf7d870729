/**
 * What the processes of a fleet did, and whether it keeps P1. Moments are `process.hrtime.bigint()`: one clock for all
 * processes of a machine, which never goes back.
 *
 * The source is rows. Each has a version that every change raises; values are loaded from one row and tell its version.
 */
export type HistoryEvent = InvalidationEvent | ReadEvent | LoadEvent;

/** Everything loaded from a row was invalidated, after its change to `version` was committed. */
export interface InvalidationEvent {
  readonly kind: 'invalidation';
  readonly process: number;
  readonly row: string;
  readonly version: number;
  readonly called: bigint;
  /** When it resolved as applied; `undefined` if it did not: then nothing was promised. */
  readonly resolved: bigint | undefined;
}

/** A value that a cache returned. */
export interface ReadEvent {
  readonly kind: 'read';
  readonly process: number;
  readonly row: string;
  readonly key: string;
  readonly version: number;
  readonly begin: bigint;
  readonly end: bigint;
}

/** A run of a loader: it read its row soon after `begin`. */
export interface LoadEvent extends Omit<ReadEvent, 'kind'> {
  readonly kind: 'load';
}

/** A read that broke P1, and the newest invalidation that it came after. */
export interface StaleRead {
  readonly read: ReadEvent;
  readonly invalidation: InvalidationEvent;
}

export interface Findings {
  readonly reads: number;
  readonly invalidations: number;
  /** Invalidations of which nothing is known. */
  readonly unapplied: number;
  /** Invalidations called while a load ran whose value they make old. */
  readonly raced: number;
  /** Reads that began after an invalidation had resolved. */
  readonly readsAfter: number;
  /** Those among them whose newest invalidation raced: only these can find a load that should have been refused. */
  readonly readsAfterRace: number;
  readonly stale: readonly StaleRead[];
}

/** P1: a read that began after an invalidation had resolved as applied returns its version, or a newer one. */
export function examine(history: readonly HistoryEvent[]): Findings {
  const rows = [...byRow(history).values()].map(examineRow);
  const total = (count: (row: Findings) => number) => rows.reduce((sum, row) => sum + count(row), 0);
  return {
    reads: total((row) => row.reads),
    invalidations: total((row) => row.invalidations),
    unapplied: total((row) => row.unapplied),
    raced: total((row) => row.raced),
    readsAfter: total((row) => row.readsAfter),
    readsAfterRace: total((row) => row.readsAfterRace),
    stale: rows.flatMap((row) => row.stale),
  };
}

interface Row {
  readonly reads: ReadEvent[];
  readonly loads: LoadEvent[];
  readonly invalidations: InvalidationEvent[];
}

function byRow(history: readonly HistoryEvent[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const event of history) {
    const row = rows.get(event.row) ?? { reads: [], loads: [], invalidations: [] };
    rows.set(event.row, row);
    if (event.kind === 'read') row.reads.push(event);
    else if (event.kind === 'load') row.loads.push(event);
    else row.invalidations.push(event);
  }
  return rows;
}

function examineRow({ reads, loads, invalidations }: Row): Findings {
  const raced = new Set(invalidations.filter((each) => loads.some((load) => isRace(each, load))));
  const before = newestResolvedBefore(invalidations);
  let readsAfter = 0;
  let readsAfterRace = 0;
  const stale: StaleRead[] = [];
  for (const read of reads) {
    const invalidation = before(read.begin);
    if (!invalidation) continue;
    readsAfter++;
    if (raced.has(invalidation)) readsAfterRace++;
    if (read.version < invalidation.version) stale.push({ read, invalidation });
  }
  return {
    reads: reads.length,
    invalidations: invalidations.length,
    unapplied: invalidations.filter(({ resolved }) => resolved === undefined).length,
    raced: raced.size,
    readsAfter,
    readsAfterRace,
    stale,
  };
}

/** Was the load running when the invalidation was called, with what this invalidation makes old? */
function isRace(invalidation: InvalidationEvent, load: LoadEvent): boolean {
  return load.begin < invalidation.called && invalidation.called < load.end && load.version < invalidation.version;
}

/** Finds, for a moment, the newest version among the invalidations that had resolved before it. */
function newestResolvedBefore(
  invalidations: readonly InvalidationEvent[],
): (moment: bigint) => InvalidationEvent | undefined {
  const steps: { readonly from: bigint; readonly newest: InvalidationEvent }[] = [];
  const inOrder = invalidations.flatMap((event) => (event.resolved === undefined ? [] : { event, at: event.resolved }));
  for (const { event, at } of inOrder.sort((a, b) => Number(a.at - b.at))) {
    const last = steps.at(-1)?.newest;
    steps.push({ from: at, newest: last && last.version >= event.version ? last : event });
  }
  return (moment) => {
    let low = 0;
    let high = steps.length; // the steps below `low` lie before the moment, those from `high` on do not
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((steps[middle]?.from ?? moment) < moment) low = middle + 1;
      else high = middle;
    }
    return steps[low - 1]?.newest;
  };
}
