import { atOnce } from '../at-once.ts';
import type { CacheTypeOptions } from '../config/cache-types.ts';
import type { CacheConfig } from '../config/environment.ts';
import { type Identifier, identifierText } from '../keys/key.ts';

/** Search results as they are stored. JSON has no dates, so `cachedAt` is ISO 8601. */
export interface StoredSearch {
  readonly results: unknown;
  readonly cachedAt: string;
}

/** The built-in types of a lead-search product. */
export interface HuntlyTypes {
  readonly search: CacheTypeOptions<StoredSearch> & { readonly identifier: 'query' };
  readonly lead: CacheTypeOptions<unknown>;
  readonly user_prefs: CacheTypeOptions<unknown>;
  readonly analytics: CacheTypeOptions<unknown>;
  readonly suggestions: CacheTypeOptions<unknown>;
}

/** Finds the identifiers of the leads in search results. */
export type LeadIdsOf = (results: unknown) => Iterable<Identifier>;

export function huntlyTypes(config: CacheConfig, leadIdsOf: LeadIdsOf): HuntlyTypes {
  return {
    search: {
      ttl: config.searchTtl,
      identifier: 'query',
      refreshAhead: true,
      normalizeText: true,
      // What a search found is old as soon as one of its leads changes.
      tags: ({ results }) => Array.from(atOnce('leadIdsOf', leadIdsOf(results)), leadTag),
      condition: ({ results }) => results !== undefined && listOf(results).length <= config.maxSearchResults,
    },
    lead: { ttl: config.leadTtl, refreshAhead: true },
    user_prefs: { ttl: config.userPrefsTtl },
    analytics: { ttl: config.analyticsTtl },
    suggestions: { ttl: config.defaultTtl },
  };
}

/** The tag of everything that shows a lead. @throws KeyError for a bad identifier. */
export function leadTag(leadId: Identifier): string {
  return `lead:${identifierText(leadId)}`;
}

/** The results themselves, or those under `results`; none where there is no list. */
function listOf(results: unknown): readonly unknown[] {
  if (Array.isArray(results)) return results;
  if (typeof results === 'object' && results !== null && 'results' in results) return listOf(results.results);
  return [];
}

/** The default `LeadIdsOf`: `leadId`, `lead_id` or `id` of each result. */
export function* defaultLeadIdsOf(results: unknown): Generator<Identifier> {
  for (const result of listOf(results)) {
    if (typeof result !== 'object' || result === null) continue;
    const { leadId, lead_id, id } = result as { leadId?: unknown; lead_id?: unknown; id?: unknown };
    const leadIdentifier = leadId ?? lead_id ?? id;
    if (typeof leadIdentifier === 'number' || (typeof leadIdentifier === 'string' && leadIdentifier !== ''))
      yield leadIdentifier;
  }
}
