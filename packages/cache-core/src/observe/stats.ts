import type { TypeLatency } from './latency.ts';

/** What is counted, one by one. */
export interface TypeCounters {
  /** Reads answered by the store, with a fresh value. */
  readonly hits: number;
  /** Reads answered by a fresh copy in this process. */
  readonly localHits: number;
  /** Reads answered by a stale value within its grace. */
  readonly stale: number;
  /** Reads that found no value. */
  readonly misses: number;
  /**
   * Reads answered with what this process saw last, as neither the store nor the source had an answer. They are misses
   * as well.
   */
  readonly degraded: number;
  /** Loads begun: calls of a loader, and claims handed out. */
  readonly loads: number;
  /** Those of them that failed. */
  readonly loadErrors: number;
  /** Those that took longer than the `hardTimeout`. */
  readonly loadTimeouts: number;
  /** Those of the loads that began in the background, before or after the TTL of a value was over. */
  readonly refreshes: number;
  /** Readers that waited for a load of this cache instead of starting one. */
  readonly coalesced: number;
  /** Values stored, by a fill or a `set`. */
  readonly stored: number;
  /** Fills refused because something was invalidated since the load began, or because the lease was lost. */
  readonly refused: number;
  /**
   * Values returned but not stored: `undefined`, unwanted by `condition`, too large, without a JSON form, not fitting
   * its schema, with a bad TTL or tag.
   */
  readonly uncacheable: number;
  /** Values returned but not stored, because their loader said `skip`. */
  readonly skipped: number;
  /** Stored values that could not be read: corrupt, refused by the schema, or from another program. */
  readonly unreadable: number;
  /** Times the store failed to answer. */
  readonly storeErrors: number;
}

/** Sizes as they stand in the store: encoded, and compressed where the type is. Without keys, tags and headers. */
export interface TypeBytes {
  /** Bytes of the values that the store gave. */
  readonly bytesRead: number;
  /** Bytes of the values that were to be stored. */
  readonly bytesWritten: number;
}

/** What one type did since the cache was made. */
export interface TypeStats extends TypeCounters, TypeBytes {
  /**
   * The share of reads that were answered by a value, 0–1: of hits, local hits and stale ones. `undefined` before the
   * first read.
   */
  readonly hitRatio: number | undefined;
  /** `undefined` without the option `latency` of `createCache`. */
  readonly latency: TypeLatency | undefined;
}

export type CounterName = keyof TypeCounters;

export function hitRatioOf({ hits, localHits, stale, misses }: TypeCounters): number | undefined {
  const answered = hits + localHits + stale;
  const reads = answered + misses;
  return reads === 0 ? undefined : answered / reads;
}
