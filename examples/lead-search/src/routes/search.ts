import { cacheResponse } from '@huntly/cache-express';
import { type RequestHandler, Router } from 'express';
import { popularInput, searchInput } from '../input.ts';
import { type LeadService, tagOf } from '../lead-service.ts';

/** The response cache is in front: its key is the parsed search, so equal questions are one response however they are written. */
export function searchRoutes(service: LeadService): Router {
  const router = Router();
  const { cache } = service;

  const cached = cacheResponse({
    cache,
    type: 'search', // what drops all searches drops their responses
    ttl: '5m',
    grace: '1m',
    query: searchInput,
    shared: true,
    tags: (_request, response) => response.locals['tags'] as string[],
  });
  router.get('/search', counting(service), cached, async (request, response) => {
    const page = await service.search(searchInput.parse(request.query));
    response.locals['tags'] = page.results.map(({ id }) => tagOf(id)); // whichever of them changes drops this response
    response.json(page);
  });

  router.get('/popular', async (request, response) => {
    const { limit } = popularInput.parse(request.query);
    response.set('Cache-Control', 'no-store').json(await cache.getPopularSearches(limit));
  });

  return router;
}

/** In front of the response cache, for it answers without the handler. Refuses what no search is, and counts what was answered. */
function counting({ cache }: LeadService): RequestHandler {
  return (request, response, next) => {
    const { q, page } = searchInput.parse(request.query);
    // Turning pages is not asking again.
    if (q !== '' && page === 1) {
      response.once('finish', () => {
        if (response.statusCode < 400) void cache.addPopularSearch(q); // never rejects: what cannot be counted is logged
      });
    }
    next();
  };
}
