/** What one type did since the start of this process. */
export interface TypeStats {
  /** Reads answered by the store. */
  readonly hits: number;
  /** Reads answered by a copy in this process. */
  readonly localHits: number;
  /** Reads answered by a stale value within its grace. */
  readonly stale: number;
  /** Reads that the store could not answer. */
  readonly misses: number;
  /** Loads begun: calls of a loader, and claims handed out. */
  readonly loads: number;
  readonly loadErrors: number;
  /** Those of them that took longer than the `hardTimeout`. */
  readonly loadTimeouts: number;
  /** Those of the loads that ran in the background, before or after the TTL of a value was over. */
  readonly refreshes: number;
  /** Readers that waited for a load of this cache instead of starting one. */
  readonly coalesced: number;
  /** Values stored, by a fill or a `set`. */
  readonly stored: number;
  /** Fills refused because something was invalidated since the load began. */
  readonly refused: number;
  /** Values returned but not stored: `undefined`, unwanted by `condition`, too large, without a JSON form, not fitting its schema, with a bad TTL or tag. */
  readonly uncacheable: number;
  /** Values whose loader said `skip`. */
  readonly skipped: number;
  /** Stored values that could not be read: corrupt, refused by the schema, or from another program. */
  readonly unreadable: number;
  /** Times the store failed to answer. */
  readonly storeErrors: number;
}

export type Counters = { -readonly [Name in keyof TypeStats]: number };

export function newCounters(): Counters {
  return {
    hits: 0,
    localHits: 0,
    stale: 0,
    misses: 0,
    loads: 0,
    loadErrors: 0,
    loadTimeouts: 0,
    refreshes: 0,
    coalesced: 0,
    stored: 0,
    refused: 0,
    uncacheable: 0,
    skipped: 0,
    unreadable: 0,
    storeErrors: 0,
  };
}
