import type { Country, Industry } from './vocabulary.ts';

/** One lead as the API answers it. Everything is JSON: what comes from the cache equals what comes from the database. */
export interface Lead {
  id: number;
  name: string;
  title: string;
  company: string;
  industry: Industry;
  country: Country;
  city: string;
  email: string;
  employees: number;
  /** Yearly, in US dollars. */
  revenue: number;
  /** How promising, 0 to 100. */
  score: number;
  notes: string;
  /** ISO 8601, UTC. */
  updatedAt: string;
}

/** The fields a PATCH may change; `null` is not a value for any of them. */
export type LeadChanges = { [Field in Exclude<keyof Lead, 'id' | 'updatedAt'>]?: Lead[Field] | undefined };

export interface LeadSearch {
  /** Empty: any lead that passes the filters. */
  q: string;
  industry: Industry | null;
  country: Country | null;
  minScore: number;
  page: number;
  pageSize: number;
}

export interface SearchPage {
  total: number;
  page: number;
  pageSize: number;
  results: SearchRow[];
}

/** `id` is what the cache tags a stored search with, so that a changed lead drops the searches that show it. */
export type SearchRow = Omit<Lead, 'updatedAt'> & { relevance: number };

/** What the leads can be counted by. */
export const METRICS = ['industry', 'country'] as const;
export type Metric = (typeof METRICS)[number];

export interface MetricRow {
  group: string;
  leads: number;
  averageScore: number;
  averageEmployees: number;
}

export interface Preferences {
  pageSize: number;
  industries: Industry[];
  digest: 'never' | 'daily' | 'weekly';
}

export const DEFAULT_PREFERENCES: Preferences = { pageSize: 20, industries: [], digest: 'weekly' };
