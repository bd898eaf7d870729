import type { CacheManager } from '@huntly/cache-core';
import { Inject, Injectable, Module, SetMetadata } from '@nestjs/common';
import { CACHE, CacheModule, cacheLeadData, cacheSearchResults, invalidateCacheOnUpdate } from './cache.ts';

export interface Lead {
  readonly id: number;
  readonly name: string;
}

/** The slow source. It counts what reaches it. */
@Injectable()
export class LeadRepository {
  queries = 0;
  readonly #leads = new Map<number, Lead>([[7, { id: 7, name: 'Ada Byron' }]]);

  async all(): Promise<Lead[]> {
    this.queries++;
    return [...this.#leads.values()];
  }

  async save(lead: Lead): Promise<void> {
    this.#leads.set(lead.id, lead);
  }
}

@Injectable()
export class LeadService {
  readonly cache: CacheManager;
  readonly #repository: LeadRepository;

  constructor(@Inject(CACHE) cache: CacheManager, @Inject(LeadRepository) repository: LeadRepository) {
    this.cache = cache;
    this.#repository = repository;
  }

  @cacheLeadData({ ttl: '10m' })
  @SetMetadata('audience', 'staff') // what Nest reads off the method stays readable above it
  async find(id: number): Promise<Lead | undefined> {
    return (await this.#repository.all()).find((lead) => lead.id === id);
  }

  @cacheSearchResults({ ttl: '5m' })
  async search(query: { readonly q: string }): Promise<Lead[]> {
    const wanted = query.q.trim().toLowerCase();
    return (await this.#repository.all()).filter(({ name }) => name.toLowerCase().includes(wanted));
  }

  @invalidateCacheOnUpdate('lead', (lead) => lead.id)
  async save(lead: Lead): Promise<Lead> {
    await this.#repository.save(lead);
    return lead;
  }
}

@Module({ imports: [CacheModule], providers: [LeadRepository, LeadService] })
export class LeadModule {}
