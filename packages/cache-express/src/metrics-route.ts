import type { RequestHandler } from 'express';
import { Registry } from 'prom-client';
import { Checks } from './checks.ts';
import { CacheMetrics, type MeteredCache } from './metrics.ts';
import { refuseOtherMethods } from './read-only.ts';

export interface MetricsRouteOptions {
  /** A registry of yours, for one answer with all your metrics. @default one of its own */
  readonly registry?: Registry | undefined;
  /** Stands before the name of each metric, as in `collectDefaultMetrics` of prom-client. @default none */
  readonly prefix?: string | undefined;
  /** The label `name` of each metric of this cache: it tells caches apart that share a registry. @default no label */
  readonly name?: string | undefined;
}

/** The metrics in each registry, by prefix. */
const BY_REGISTRY = new WeakMap<Registry, Map<string, CacheMetrics>>();

/**
 * The counts of a cache and its routes as Prometheus text. Labels are types, patterns of routes and results, never a
 * key or a URL. It needs the package `prom-client`.
 * @throws CacheConfigError with everything that is wrong with the arguments
 * @example app.get('/metrics', metricsRoute(cache));
 */
export function metricsRoute(cache: MeteredCache, options: MetricsRouteOptions = {}): RequestHandler {
  checkArguments(cache, options);
  const { registry = new Registry(), prefix = '', name } = options;
  metricsOf(registry, prefix).add(cache, name);

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

function metricsOf(registry: Registry, prefix: string): CacheMetrics {
  const byPrefix = BY_REGISTRY.get(registry) ?? new Map<string, CacheMetrics>();
  BY_REGISTRY.set(registry, byPrefix);
  const metrics = byPrefix.get(prefix) ?? new CacheMetrics(registry, prefix);
  byPrefix.set(prefix, metrics);
  return metrics;
}

function checkArguments(cache: unknown, options: MetricsRouteOptions): void {
  const checks = new Checks('metricsRoute');
  checks.cache(cache, ['healthCheck', 'on', 'stats']);
  checks.names(options, ['registry', 'prefix', 'name'] satisfies (keyof MetricsRouteOptions)[]);
  const { registry, prefix, name } = options;
  // Checked by its methods: an app may have another copy of prom-client.
  const isRegistry = ['metrics', 'registerMetric'].every((method) => typeof Object(registry)[method] === 'function');
  checks.that(registry === undefined || isRegistry, 'registry must be a Registry of prom-client');
  checks.that(
    prefix === undefined || (typeof prefix === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(prefix)),
    'prefix must be letters, digits and "_", such as "shop_"',
  );
  checks.text('name', name);
  checks.done();
}
