import { healthRoute, statsRoute } from '@huntly/cache-express';
import { metricsRoute } from '@huntly/cache-express/metrics';
import { Router } from 'express';
import type { LeadService } from '../lead-service.ts';

/** For those who run the service: is it well, and what does the cache do? */
export function operationRoutes({ cache, engine }: LeadService): Router {
  const router = Router();

  // Details for everybody, since only this machine can ask.
  const cacheHealth = healthRoute(cache, { details: () => true, serviceId: 'lead-search' });
  router.get('/health/cache', cacheHealth);
  router.get('/health/live', cacheHealth.live);
  router.get('/stats', statsRoute(cache));
  router.get('/metrics', metricsRoute(cache));

  router.get('/health', async (_request, response) => {
    const [{ status }, isDatabaseUp] = await Promise.all([
      cache.healthCheck(),
      engine.ping().then(
        () => true,
        () => false,
      ),
    ]);
    // Only the database decides: without its cache the service is slower, not ill.
    response.status(isDatabaseUp ? 200 : 503).json({
      status: isDatabaseUp ? 'up' : 'down',
      database: { status: isDatabaseUp ? 'up' : 'down', server: engine.database },
      cache: { status },
    });
  });

  return router;
}
