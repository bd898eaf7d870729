import { cacheResponse } from '@huntly/cache-express';
import { Router } from 'express';
import { NotFound } from '../failures.ts';
import { leadChangesInput, leadInput } from '../input.ts';
import { type LeadService, tagOf } from '../lead-service.ts';

export function leadRoutes(service: LeadService): Router {
  const router = Router();

  const cached = cacheResponse({
    cache: service.cache,
    type: 'lead',
    ttl: '5m',
    query: [],
    shared: true,
    tags: (request) => [tagOf(Number(request.params['id']))],
  });
  router.get('/leads/:id', cached, async (request, response) => {
    const { id } = leadInput.parse(request.params);
    const lead = await service.lead(id);
    if (lead === undefined) throw noLead(id);
    response.json(lead);
  });

  router.patch('/leads/:id', async (request, response) => {
    const { id } = leadInput.parse(request.params);
    const lead = await service.update(id, leadChangesInput.parse(request.body));
    if (lead === undefined) throw noLead(id);
    response.json(lead); // after the invalidation: whoever has this answer finds no older one
  });

  return router;
}

function noLead(id: number): NotFound {
  return new NotFound(`There is no lead ${id}.`);
}
