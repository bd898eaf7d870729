import type { CacheManager } from '@huntly/cache-core';
import { Router } from 'express';
import { type Answer, answer } from '../answer.ts';
import { popularInput, searchInput } from '../input.ts';
import type { LeadSearch, SearchPage } from '../lead.ts';
import type { SearchEngine } from '../search-engine.ts';

type FoundPage = SearchPage & { cachedAt: string };

/** Check first: the route asks the cache, and only the one caller who has to asks the engine. */
export function searchRoutes(manager: CacheManager, engine: SearchEngine): Router {
  const router = Router();

  router.get('/search', async (request, response) => {
    const search = searchInput.parse(request.query);
    await answer(response, () => find(manager, engine, search));
    // After the answer: counting must not make anybody wait. Turning pages is not asking again.
    if (search.q !== '' && search.page === 1) await manager.addPopularSearch(search.q);
  });

  router.get('/popular', async (request, response) => {
    const { limit } = popularInput.parse(request.query);
    await answer(response, async () => ({ value: await manager.getPopularSearches(limit), source: 'cache' }));
  });

  return router;
}

async function find(manager: CacheManager, engine: SearchEngine, search: LeadSearch): Promise<Answer<FoundPage>> {
  // Of many callers of one cold search, one gets the claim; the others wait here and get its result as a hit.
  const claim = await manager.claimSearch<SearchPage>(search);
  if (claim.hit) return { value: page(claim.value), source: 'cache' };
  try {
    return { value: page(await claim.fill(await engine.search(search))), source: 'database' };
  } catch (error) {
    await claim.release(); // Else those who wait would wait until the claim lapses.
    throw error;
  }
}

function page({ results, cachedAt }: { results: SearchPage; cachedAt: Date }): FoundPage {
  return { ...results, cachedAt: cachedAt.toISOString() };
}
