import { perCache } from '@huntly/cache-core';
import type { Reason } from './storable.ts';

/** How a request was answered, in the words of the metric `http_cache_requests_total`. */
export type Result = 'hit' | 'stale' | 'miss' | 'collapsed' | 'bypass' | 'error';

/** Receives what is measured only for a `metricsRoute`. */
export interface Meter {
  /** Waiting for the cache, without the handler. */
  store(op: 'read' | 'invalidate', ms: number): void;
  /** The body of a response that goes to the store. */
  body(route: string, bytes: number): void;
}

interface RouteTraffic {
  readonly results: Map<Result, number>;
  readonly skipped: Map<Reason, number>;
}

/** Counts what the routes of one cache did. A route is named by its pattern, never by a URL. */
export class Traffic {
  readonly #routes = new Map<string, RouteTraffic>();
  readonly #meters = new Set<Meter>();

  measure(meter: Meter): void {
    this.#meters.add(meter);
  }

  timed(op: 'read' | 'invalidate', ms: number): void {
    for (const meter of this.#meters) meter.store(op, ms);
  }

  stored(route: string, bytes: number): void {
    for (const meter of this.#meters) meter.body(route, bytes);
  }

  count(route: string, result: Result): void {
    bump(this.#of(route).results, result);
  }

  skip(route: string, reason: Reason): void {
    bump(this.#of(route).skipped, reason);
  }

  /** For a report: each count with its labels. */
  *results(): Generator<{ route: string; result: Result; count: number }> {
    for (const [route, { results }] of this.#routes) {
      for (const [result, count] of results) yield { route, result, count };
    }
  }

  *skipped(): Generator<{ route: string; reason: Reason; count: number }> {
    for (const [route, { skipped }] of this.#routes) {
      for (const [reason, count] of skipped) yield { route, reason, count };
    }
  }

  #of(route: string): RouteTraffic {
    let traffic = this.#routes.get(route);
    if (!traffic) {
      traffic = { results: new Map(), skipped: new Map() };
      this.#routes.set(route, traffic);
    }
    return traffic;
  }
}

function bump<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** What the routes of this cache did, in this process. */
export function trafficOf(cache: object): Traffic {
  return perCache(cache, 'cache-express/traffic', () => new Traffic());
}
