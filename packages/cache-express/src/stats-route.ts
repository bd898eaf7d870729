import type { Cache, CacheManager } from '@huntly/cache-core';
import type { Request, RequestHandler } from 'express';
import { refuseOtherMethods } from './read-only.ts';
import { trafficOf } from './traffic.ts';

export interface StatsRouteOptions {
  /** Who may see them: they hold popular searches. Others get 403. @default everybody that comes to the route */
  readonly allow?: ((req: Request) => boolean) | undefined;
}

type Reporting = Pick<Cache, 'healthCheck' | 'stats'> & Partial<Pick<CacheManager, 'getCacheStats'>>;

/**
 * `getCacheStats()` of a manager as JSON, or of a plain cache what it has of that, and how its routes were answered in this process.
 * @example app.get('/admin/cache', requireAdmin, statsRoute(cache));
 */
export function statsRoute(cache: Reporting, { allow = () => true }: StatsRouteOptions = {}): RequestHandler {
  return async (req, res, next) => {
    try {
      if (refuseOtherMethods(req, res)) return;
      res.set('Cache-Control', 'no-store');
      if (!allow(req)) return void res.status(403).end();
      const stats = cache.getCacheStats
        ? await cache.getCacheStats()
        : { health: await cache.healthCheck(), types: cache.stats() };
      res.json({ ...stats, routes: [...trafficOf(cache).results()] });
    } catch (error) {
      next(error);
    }
  };
}
