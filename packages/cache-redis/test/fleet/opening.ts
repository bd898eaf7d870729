import { cacheType } from '@huntly/cache-core';
import type { Servers } from '../races/patient-client.ts';

/** What loaders return: how often the source was read, or changed, for this identifier. */
export interface Versioned {
  readonly version: number;
}

/** A process that gets no turn for a second on a busy machine must not look like one that waited long enough. */
const PATIENT = { ttl: '1h', wait: '60s' } as const;

export const TYPES = {
  /** Its lease ends soon after its holder. */
  cold: cacheType<Versioned>({ ...PATIENT, lease: '2s' }),
  broken: cacheType<Versioned>({ ...PATIENT, backoff: '100ms' }),
  /** Loaded in 300 ms, so that there are 300 ms more in which a refresh may be late. */
  hot: cacheType<Versioned>({ ...PATIENT, ttl: '1200ms', jitter: 0, refreshAhead: true }),
  row: cacheType<Versioned>(PATIENT),
  foreign: cacheType<Versioned>({ ...PATIENT, foreign: true }),
} as const;

/** How long a load of a `hot` value takes. */
export const HOT_LOAD_MS = 300;

/** What a member opens: a cache with copies, and its way to the source. */
export interface Opening {
  readonly servers: Servers;
  readonly sourceUrl: string;
  readonly namespace: string;
  /** How late answers to reads may come: see `LateReplies`. @default they are not delayed */
  readonly slowestReplyMs?: number;
  /** @default 1000 */
  readonly heartbeatMs?: number;
  /** Ports that the connections for announcements take instead of those of the servers. */
  readonly detours?: ReadonlyMap<number, number>;
}
