import type { CacheManager } from '@huntly/cache-core';
import { createDecorators } from '@huntly/cache-decorators';
import type { Lead, LeadChanges, LeadSearch, Metric, MetricRow, Preferences, SearchPage } from './lead.ts';
import type { SearchEngine } from './search-engine.ts';

const { cacheLeadData, cacheResult, cacheSearchResults, invalidateCacheOnUpdate, invalidateLeadCache } =
  createDecorators((service: { readonly cache: CacheManager }) => service.cache);

/** Fields that decide which searches find a lead: the words of its document, the filters and the order of results. */
const SEARCHED = ['name', 'title', 'company', 'industry', 'country', 'city', 'score', 'notes'] as const;
/** Fields that the metrics count or average. */
const MEASURED = ['industry', 'country', 'score', 'employees'] as const;
/** Fields that suggestions are made of. */
const SUGGESTED = ['name', 'company'] as const;

/** What the service can do: each method asks the engine, and the line above it says what is kept of that and what drops it. */
export class LeadService {
  readonly cache: CacheManager;
  readonly engine: SearchEngine;

  constructor(cache: CacheManager, engine: SearchEngine) {
    this.cache = cache;
    this.engine = engine;
  }

  /** Kept until one of the leads that it shows changes, or all searches are dropped. */
  @cacheSearchResults()
  async search(search: LeadSearch): Promise<SearchPage> {
    return this.engine.search(search);
  }

  /** `undefined` is not kept, so asking for ids that do not exist fills no memory. Tagged as the responses that show it: one step drops all. */
  @cacheLeadData({ tags: (id) => [tagOf(id)] })
  async lead(id: number): Promise<Lead | undefined> {
    return this.engine.lead(id);
  }

  /**
   * Drops the lead and the searches that show it. A search which the lead *enters* by the change shows it not yet, so nothing ties
   * the two together: where the change can alter who finds the lead, all searches go.
   */
  @invalidateLeadCache({ tags: (_id, changes) => typesTouchedBy(changes), unless: (lead) => lead === undefined })
  async update(id: number, changes: LeadChanges): Promise<Lead | undefined> {
    return this.engine.updateLead(id, changes);
  }

  @cacheResult('suggestions', (prefix) => prefix)
  async suggestions(prefix: string): Promise<string[]> {
    return this.engine.suggestions(prefix);
  }

  @cacheResult('analytics', (metric) => metric)
  async metric(metric: Metric): Promise<MetricRow[]> {
    return this.engine.metric(metric);
  }

  @cacheResult('user_prefs', (email) => email)
  async preferences(email: string): Promise<Preferences> {
    return this.engine.preferences(email);
  }

  /**
   * Drops, and does not store what was saved: of two saves at once, the one that came first to the database might be the last to
   * reach the cache, and would stay there.
   */
  @invalidateCacheOnUpdate('user_prefs', (email) => email)
  async savePreferences(email: string, preferences: Preferences): Promise<Preferences> {
    await this.engine.savePreferences(email, preferences);
    return preferences;
  }
}

/** The tag that `CacheManager` gives to searches, and drops with the lead; responses that show a lead carry it as well. */
export function tagOf(leadId: number): string {
  return `lead:${leadId}`;
}

/** A type is dropped by the tag of its name. */
function typesTouchedBy(changes: LeadChanges): string[] {
  const touches = (fields: readonly (keyof LeadChanges)[]) => fields.some((field) => changes[field] !== undefined);
  return [
    ...(touches(SEARCHED) ? ['search'] : []),
    ...(touches(MEASURED) ? ['analytics'] : []),
    ...(touches(SUGGESTED) ? ['suggestions'] : []),
  ];
}
