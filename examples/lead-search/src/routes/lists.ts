import type { CacheManager } from '@huntly/cache-core';
import { Router } from 'express';
import { answer, readThrough } from '../answer.ts';
import { metricInput, suggestionsInput } from '../input.ts';
import type { SearchEngine } from '../search-engine.ts';

/** What is computed over all leads: suggestions while typing, and figures for a dashboard. */
export function listRoutes(manager: CacheManager, engine: SearchEngine): Router {
  const router = Router();
  const suggestions = manager.type('suggestions');
  const analytics = manager.type('analytics');

  router.get('/suggestions', async (request, response) => {
    const { prefix } = suggestionsInput.parse(request.query);
    await answer(response, () => readThrough(suggestions, prefix, () => engine.suggestions(prefix)));
  });

  router.get('/analytics/:metric', async (request, response) => {
    const { metric } = metricInput.parse(request.params);
    await answer(response, () => readThrough(analytics, metric, () => engine.metric(metric)));
  });

  return router;
}
