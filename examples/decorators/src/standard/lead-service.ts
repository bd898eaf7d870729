// The same text in src/standard and src/legacy: each folder is compiled for its own protocol by its tsconfig.json.
import type { CacheManager } from '@huntly/cache-core';
import type { Database, Lead } from '../database.ts';
import { cacheLeadData, cacheResult, cacheSearchResults, invalidateCacheOnUpdate } from '../decorators.ts';
import { probe } from '../probe.ts';

export class LeadService {
  readonly cache: CacheManager;
  readonly #database: Database;

  constructor(cache: CacheManager, database: Database) {
    this.cache = cache;
    this.#database = database;
  }

  @probe
  @cacheLeadData({ ttl: '10m', unless: (lead) => lead === null })
  async find(id: number): Promise<Lead | null> {
    return this.#database.find(id);
  }

  @cacheSearchResults({ ttl: '5m', condition: (query) => query.q !== '' })
  async search(query: { readonly q: string }): Promise<Lead[]> {
    return this.#database.search(query.q);
  }

  @cacheResult('analytics', (text) => `count.${text}`, { tags: ['counts'] })
  async count(text: string): Promise<number> {
    return (await this.#database.search(text)).length;
  }

  @invalidateCacheOnUpdate('lead', (lead) => lead.id)
  async save(lead: Lead): Promise<Lead> {
    return this.#database.save(lead);
  }
}
