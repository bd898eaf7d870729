import type { CacheManager } from '@huntly/cache-core';
import { Router } from 'express';
import type { SearchEngine } from '../search-engine.ts';
import { indexPage } from './index-page.ts';

/** For those who run the service: is it well, and what does the cache do? */
export function operationRoutes(manager: CacheManager, engine: SearchEngine): Router {
  const router = Router();

  router.get('/', (_request, response) => {
    response.type('html').send(indexPage());
  });

  router.get('/health', async (_request, response) => {
    const [cache, isDatabaseUp] = await Promise.all([
      manager.healthCheck(),
      engine.ping().then(
        () => true,
        () => false,
      ),
    ]);
    // Only the database decides: without its cache the service is slower, not ill.
    response.status(isDatabaseUp ? 200 : 503).json({
      status: isDatabaseUp ? 'up' : 'down',
      database: { status: isDatabaseUp ? 'up' : 'down', server: engine.database },
      cache,
    });
  });

  router.get('/stats', async (_request, response) => {
    response.json({ databaseQueries: engine.queries, cache: await manager.getCacheStats() });
  });

  return router;
}
