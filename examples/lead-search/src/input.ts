import { z } from 'zod';
import { type LeadChanges, type LeadSearch, METRICS, type Preferences } from './lead.ts';
import { COUNTRY_NAMES, INDUSTRY_NAMES } from './vocabulary.ts';

/**
 * What may be asked. Parsing also brings equal questions to one form (case, spaces, defaults written out), because the
 * parsed search is the identifier of both caches: `?q=Solar` and `?q=solar&page=1` are one entry.
 */
const anyText = (longest: number) =>
  z
    .string()
    .trim()
    .max(longest)
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character');
const text = (longest: number) => anyText(longest).min(1);
const industry = z.enum(INDUSTRY_NAMES);
const country = z.enum(COUNTRY_NAMES);
const email = z.string().trim().toLowerCase().pipe(z.email());

/**
 * A whole number written in a URL. `Number('')` and `Number(' 7')` are numbers to JavaScript, but not to a reader. A number passes, so that
 * what was parsed can be parsed again: a route behind the response cache gets its query parsed, without the cache it gets the text.
 */
const wholeNumber = (smallest: number, largest: number) =>
  z.preprocess(
    (given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given),
    z.int('expected a whole number').min(smallest).max(largest),
  );

export const searchInput: z.ZodType<LeadSearch> = z.strictObject({
  q: anyText(200)
    .transform((q) => q.toLowerCase().replace(/\s+/g, ' '))
    .default(''),
  industry: industry.nullable().default(null),
  country: country.nullable().default(null),
  minScore: wholeNumber(0, 100).default(0),
  page: wholeNumber(1, 1_000).default(1),
  pageSize: wholeNumber(1, 100).default(20),
});

export const leadInput = z.object({ id: wholeNumber(1, 999_999_999) });

export const leadChangesInput: z.ZodType<LeadChanges> = z
  .strictObject({
    name: text(100),
    title: text(100),
    company: text(100),
    industry,
    country,
    city: text(100),
    email,
    employees: z.int().min(1).max(10_000_000),
    revenue: z.int().min(0),
    score: z.int().min(0).max(100),
    notes: text(2_000),
  })
  .partial()
  .refine((changes) => Object.keys(changes).length > 0, 'name at least one field to change');

export const suggestionsInput = z.strictObject({
  prefix: text(50).transform((prefix) => prefix.toLowerCase()),
});

export const metricInput = z.object({ metric: z.enum(METRICS) });

export const emailInput = z.object({ email });

export const preferencesInput: z.ZodType<Preferences> = z.strictObject({
  pageSize: z.int().min(1).max(100),
  industries: z.array(industry).max(INDUSTRY_NAMES.length),
  digest: z.enum(['never', 'daily', 'weekly']),
});

export const popularInput = z.strictObject({ limit: wholeNumber(1, 100).default(10) });
