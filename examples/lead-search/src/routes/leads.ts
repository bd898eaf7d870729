import type { CacheManager } from '@huntly/cache-core';
import { Router } from 'express';
import { answer, readThrough } from '../answer.ts';
import { NotFound } from '../failures.ts';
import { leadChangesInput, leadInput } from '../input.ts';
import type { LeadChanges } from '../lead.ts';
import type { SearchEngine } from '../search-engine.ts';

/** Fields that decide which searches find a lead: the words of its document, the filters and the order of results. */
const SEARCHED = ['name', 'title', 'company', 'industry', 'country', 'city', 'score', 'notes'] as const;
/** Fields that the metrics count or average. */
const MEASURED = ['industry', 'country', 'score', 'employees'] as const;
/** Fields that suggestions are made of. */
const SUGGESTED = ['name', 'company'] as const;

export function leadRoutes(manager: CacheManager, engine: SearchEngine): Router {
  const router = Router();
  const leads = manager.type('lead');

  router.get('/leads/:id', async (request, response) => {
    const { id } = leadInput.parse(request.params);
    await answer(response, async () => {
      // A loader's `undefined` is not cached, so asking for ids that do not exist fills no memory.
      const { value, source } = await readThrough(leads, id, () => engine.lead(id));
      if (value === undefined) throw noLead(id);
      return { value, source };
    });
  });

  router.patch('/leads/:id', async (request, response) => {
    const { id } = leadInput.parse(request.params);
    const changes = leadChangesInput.parse(request.body);
    await answer(response, async () => {
      const value = await engine.updateLead(id, changes);
      if (value === undefined) throw noLead(id);
      await forget(manager, id, changes);
      return { value, source: 'database' };
    });
  });

  return router;
}

/** After the database, never before: a reader in between would load the old row and store it again. */
async function forget(manager: CacheManager, id: number, changes: LeadChanges): Promise<void> {
  const touches = (fields: readonly (keyof LeadChanges)[]) => fields.some((field) => changes[field] !== undefined);
  await manager.invalidateLeadCache(id);
  // That dropped the lead and the searches that show it. A search which the lead *enters* with this change shows it not
  // yet, so nothing ties the two together: where the change can alter who finds the lead, all searches go.
  if (touches(SEARCHED)) await manager.invalidateSearchCache();
  if (touches(MEASURED)) await manager.type('analytics').invalidateAll();
  if (touches(SUGGESTED)) await manager.type('suggestions').invalidateAll();
}

function noLead(id: number): NotFound {
  return new NotFound(`There is no lead ${id}.`);
}
