import { cacheResponse } from '@huntly/cache-express';
import { type RequestHandler, Router } from 'express';
import { metricInput, suggestionsInput } from '../input.ts';
import type { LeadService } from '../lead-service.ts';

/** What is computed over all leads: suggestions while typing, and figures for a dashboard. */
export function listRoutes(service: LeadService): Router {
  const router = Router();
  const { cache } = service;

  // First the answer that names the field; then the same schema makes the key.
  const checked: RequestHandler = (request, _response, next) => {
    suggestionsInput.parse(request.query);
    next();
  };
  const suggestions = cacheResponse({ cache, type: 'suggestions', ttl: '5m', query: suggestionsInput, shared: true });
  router.get('/suggestions', checked, suggestions, async (request, response) => {
    response.json(await service.suggestions(suggestionsInput.parse(request.query).prefix));
  });

  const analytics = cacheResponse({ cache, type: 'analytics', ttl: '5m', query: [], shared: true });
  router.get('/analytics/:metric', analytics, async (request, response) => {
    response.json(await service.metric(metricInput.parse(request.params).metric));
  });

  return router;
}
