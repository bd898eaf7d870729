import type { Cache, CacheManager } from '@huntly/cache-core';
import type { RequestHandler } from 'express';
import { Checks } from './checks.ts';
import { isAllowed, type Permission } from './permission.ts';
import { refuseOtherMethods } from './read-only.ts';
import { trafficOf } from './traffic.ts';

export interface StatsRouteOptions {
  /**
   * Which requests may see the statistics, which hold popular searches; others get 403.
   * @default all that reach the route
   */
  readonly allow?: Permission | undefined;
}

type Reporting = Pick<Cache, 'healthCheck' | 'stats'> & Partial<Pick<CacheManager, 'getCacheStats'>>;

/**
 * `getCacheStats()` of a manager as JSON, or of a plain cache what it has of that, and how its routes were answered in
 * this process.
 * @throws CacheConfigError with everything that is wrong with the arguments
 * @example app.get('/admin/cache', requireAdmin, statsRoute(cache));
 */
export function statsRoute(cache: Reporting, options: StatsRouteOptions = {}): RequestHandler {
  const checks = new Checks('statsRoute');
  checks.cache(cache, ['healthCheck', 'stats']);
  checks.names(options, ['allow'] satisfies (keyof StatsRouteOptions)[]);
  checks.callable('allow', options.allow, 'the request');
  checks.done();
  const { allow = () => true } = options;
  return async (req, res, next) => {
    try {
      if (refuseOtherMethods(req, res)) return;
      res.set('Cache-Control', 'no-store');
      if (!(await isAllowed(req, allow))) return void res.status(403).end();
      const stats = cache.getCacheStats
        ? await cache.getCacheStats()
        : { health: await cache.healthCheck(), types: cache.stats({ children: true }) };
      res.json({ ...stats, routes: [...trafficOf(cache).results()] });
    } catch (error) {
      next(error);
    }
  };
}
