import { createRequire } from 'node:module';
import { type Cache, CacheConfigError, type TypeStats } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import type * as PromClient from 'prom-client';
import { Checks } from './checks.ts';
import { refuseOtherMethods } from './read-only.ts';
import { trafficOf } from './traffic.ts';

export interface MetricsRouteOptions {
  /** A registry of yours, for one answer with all your metrics. @default one of its own */
  readonly registry?: PromClient.Registry | undefined;
}

type Reporting = Pick<Cache, 'healthCheck' | 'on' | 'stats'>;
/** Those of OpenTelemetry for clients of a database. */
const STORE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const BODY_BYTES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];

type Row = readonly [labels: Record<string, string>, count: number];

/**
 * The counts of a cache and its routes as Prometheus text. Labels are types, patterns of routes and results, never a key or a URL.
 * @throws CacheConfigError with everything that is wrong with the arguments, or if prom-client is not installed
 * @example app.get('/metrics', metricsRoute(cache));
 */
export function metricsRoute(cache: Reporting, options: MetricsRouteOptions = {}): RequestHandler {
  checkArguments(cache, options);
  const { Counter, Gauge, Histogram, Registry } = loadPromClient();
  const registry = options.registry ?? new Registry();
  const counter = (name: string, help: string, labelNames: string[], rows: () => Iterable<Row>) =>
    new Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset(); // the cache counts; this shows
        for (const [labels, count] of rows()) this.inc(labels, count);
      },
    });
  const byType = (pick: (stats: TypeStats) => number, labels: Record<string, string> = {}) =>
    Object.entries<TypeStats>(cache.stats()).map(([type, stats]): Row => [{ cache: type, ...labels }, pick(stats)]);

  counter('cache_gets_total', 'Reads of the cache', ['cache', 'result'], () => [
    ...byType(({ hits }) => hits, { result: 'hit' }),
    ...byType(({ localHits }) => localHits, { result: 'local_hit' }),
    ...byType(({ stale }) => stale, { result: 'stale' }),
    ...byType(({ misses }) => misses, { result: 'miss' }),
  ]);
  counter('cache_puts_total', 'Values stored', ['cache'], () => byType(({ stored }) => stored));
  counter('cache_loads_total', 'Loads begun', ['cache'], () => byType(({ loads }) => loads));
  counter('cache_load_errors_total', 'Loads that failed', ['cache'], () => byType(({ loadErrors }) => loadErrors));
  counter('cache_store_errors_total', 'Times the store did not answer', ['cache'], () =>
    byType(({ storeErrors }) => storeErrors),
  );
  counter('http_cache_requests_total', 'Requests to cached routes', ['route', 'result'], () =>
    Array.from(trafficOf(cache).results(), ({ route, result, count }): Row => [{ route, result }, count]),
  );
  counter('http_cache_skipped_total', 'Responses that were not stored', ['route', 'reason'], () =>
    Array.from(trafficOf(cache).skipped(), ({ route, reason, count }): Row => [{ route, reason }, count]),
  );
  const purges = new Counter({
    name: 'cache_purges_total',
    help: 'Invalidations, by what they were for',
    labelNames: ['kind'],
    registers: [registry],
  });
  cache.on('invalidated', ({ targets }) => {
    for (const { kind } of targets) purges.inc({ kind });
  });
  const seconds = new Histogram({
    name: 'http_cache_store_seconds',
    help: 'How long requests to cached routes waited for the cache, without their handlers',
    labelNames: ['op'],
    buckets: STORE_SECONDS,
    registers: [registry],
  });
  const bodies = new Histogram({
    name: 'http_cache_body_bytes',
    help: 'Bodies of responses that went to the store',
    labelNames: ['route'],
    buckets: BODY_BYTES,
    registers: [registry],
  });
  trafficOf(cache).measure({
    store: (op, ms) => seconds.observe({ op }, ms / 1000),
    body: (route, bytes) => bodies.observe({ route }, bytes),
  });
  new Gauge({
    name: 'cache_up',
    help: 'Whether the store of the cache answers',
    registers: [registry],
    async collect() {
      const { store } = await cache.healthCheck();
      this.set(store.state === 'ready' ? 1 : 0);
    },
  });

  return async (req, res, next) => {
    try {
      if (refuseOtherMethods(req, res)) return;
      const text = await registry.metrics();
      res.set({ 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' }).send(text);
    } catch (error) {
      next(error);
    }
  };
}

function checkArguments(cache: unknown, options: MetricsRouteOptions): void {
  const checks = new Checks('metricsRoute');
  checks.cache(cache, ['healthCheck', 'on', 'stats']);
  checks.names(options, ['registry'] satisfies (keyof MetricsRouteOptions)[]);
  // By what it can do: an app may have another copy of prom-client.
  const isRegistry = ['metrics', 'registerMetric'].every(
    (name) => typeof Object(options.registry)[name] === 'function',
  );
  checks.that(options.registry === undefined || isRegistry, 'registry must be a Registry of prom-client');
  checks.done();
}

function loadPromClient(): typeof PromClient {
  try {
    return createRequire(import.meta.url)('prom-client') as typeof PromClient;
  } catch (cause) {
    throw new CacheConfigError(['metricsRoute needs prom-client: npm install prom-client'], { cause });
  }
}
