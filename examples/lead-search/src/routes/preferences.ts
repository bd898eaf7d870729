import { Router } from 'express';
import { emailInput, preferencesInput } from '../input.ts';
import type { LeadService } from '../lead-service.ts';

/**
 * Preferences of a user by e-mail; a real service would take the address from a session, not from the path. The service keeps them;
 * no response is kept: what belongs to one user is not worth the risk of sharing it.
 */
export function preferenceRoutes(service: LeadService): Router {
  const router = Router();

  router.get('/users/:email/preferences', async (request, response) => {
    const { email } = emailInput.parse(request.params);
    response.set('Cache-Control', 'private, no-store').json(await service.preferences(email));
  });

  router.put('/users/:email/preferences', async (request, response) => {
    const { email } = emailInput.parse(request.params);
    response.json(await service.savePreferences(email, preferencesInput.parse(request.body)));
  });

  return router;
}
