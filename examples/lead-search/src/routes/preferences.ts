import type { CacheManager } from '@huntly/cache-core';
import { Router } from 'express';
import { answer, readThrough } from '../answer.ts';
import { emailInput, preferencesInput } from '../input.ts';
import type { SearchEngine } from '../search-engine.ts';

/** Preferences of a user by e-mail. A real service would take the address from a session, not from the path. */
export function preferenceRoutes(manager: CacheManager, engine: SearchEngine): Router {
  const router = Router();
  const preferences = manager.type('user_prefs');

  router.get('/users/:email/preferences', async (request, response) => {
    const { email } = emailInput.parse(request.params);
    await answer(response, () => readThrough(preferences, email, () => engine.preferences(email)));
  });

  router.put('/users/:email/preferences', async (request, response) => {
    const { email } = emailInput.parse(request.params);
    const value = preferencesInput.parse(request.body);
    await answer(response, async () => {
      await engine.savePreferences(email, value);
      // Not `cacheUserPrefs(email, value)`: of two saves at once, the one that came first to the database might be the
      // last to reach the cache, and would stay there.
      await manager.invalidateUserPrefs(email);
      return { value, source: 'database' };
    });
  });

  return router;
}
