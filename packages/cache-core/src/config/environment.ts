import { createRequire } from 'node:module';
import type * as Zod from 'zod';
import { CacheConfigError } from '../errors.ts';
import { LOG_LEVELS, type LogLevel } from '../observe/logger.ts';
import { checkDuration, type Duration } from './duration.ts';

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says. TTLs are `Duration`s, ready for `ttl`. */
export interface CacheConfig {
  /** `CACHE_ENABLED`, default `true`: `false` makes every read a miss and every load direct. */
  readonly enabled: boolean;
  /** `CACHE_LOG_LEVEL`, default `info`. */
  readonly logLevel: LogLevel;
  /** `CACHE_DEFAULT_TTL`, default 3600 s: for types without a variable of their own, `suggestions` among them. */
  readonly defaultTtl: Duration;
  /** `SEARCH_CACHE_TTL`, default 3600 s. */
  readonly searchTtl: Duration;
  /** `LEAD_CACHE_TTL`, default 7200 s. */
  readonly leadTtl: Duration;
  /** `USER_PREFS_TTL`, default 86400 s. */
  readonly userPrefsTtl: Duration;
  /** `ANALYTICS_TTL`, default 1800 s. */
  readonly analyticsTtl: Duration;
  /** `MAX_SEARCH_RESULTS`, default 1000: longer results are returned whole and not cached. */
  readonly maxSearchResults: number;
  /** `INDEXING_BATCH_SIZE`, default 100: keys removed at a time by a sweep. */
  readonly indexingBatchSize: number;
}

/**
 * Reads the `CACHE_*` settings. An empty variable counts as absent.
 * @throws CacheConfigError listing all bad variables with what each may be.
 */
export function loadCacheConfig(env: Environment = process.env): CacheConfig {
  const trimmed = Object.entries(env).map(([name, text]) => [name, text?.trim()] as const);
  const given = Object.fromEntries(trimmed.filter(([, text]) => text !== undefined && text !== ''));
  const result = environmentSchema().safeParse(given);
  if (!result.success) {
    throw new CacheConfigError(result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`));
  }
  const variables = result.data;
  return {
    enabled: variables.CACHE_ENABLED,
    logLevel: variables.CACHE_LOG_LEVEL,
    defaultTtl: variables.CACHE_DEFAULT_TTL,
    searchTtl: variables.SEARCH_CACHE_TTL,
    leadTtl: variables.LEAD_CACHE_TTL,
    userPrefsTtl: variables.USER_PREFS_TTL,
    analyticsTtl: variables.ANALYTICS_TTL,
    maxSearchResults: variables.MAX_SEARCH_RESULTS,
    indexingBatchSize: variables.INDEXING_BATCH_SIZE,
  };
}

function environmentSchema() {
  const z = loadZod();
  const got = (text: unknown) => `got "${String(text).slice(0, 40)}"`;
  const duration = (seconds: number) =>
    z
      .string()
      .default(String(seconds))
      .transform((text, context): Duration => {
        const value = (/^[-+]?[\d.]+$/.test(text) ? Number(text) : text.trim()) as Duration;
        const check = checkDuration(value);
        if ('problem' in check) context.addIssue({ code: 'custom', message: check.problem });
        return value;
      });
  const count = (fallback: number) => {
    const error = ({ input }: { input?: unknown }) => `must be a whole number from 1 to 1000000; ${got(input)}`;
    return z
      .string()
      .regex(/^\d{1,7}$/, { error, abort: true })
      .default(String(fallback))
      .transform(Number)
      .pipe(z.number().min(1, { error }).max(1_000_000, { error }));
  };
  const levels = LOG_LEVELS.join(', ');
  return z.object({
    CACHE_ENABLED: z.stringbool({ error: ({ input }) => `must be true or false; ${got(input)}` }).default(true),
    CACHE_LOG_LEVEL: z
      .enum(LOG_LEVELS, { error: ({ input }) => `must be one of ${levels}; ${got(input)}` })
      .default('info'),
    CACHE_DEFAULT_TTL: duration(3600),
    SEARCH_CACHE_TTL: duration(3600),
    LEAD_CACHE_TTL: duration(7200),
    USER_PREFS_TTL: duration(86_400),
    ANALYTICS_TTL: duration(1800),
    MAX_SEARCH_RESULTS: count(1000),
    INDEXING_BATCH_SIZE: count(100),
  });
}

/** zod takes some 50 ms to load: only those who read the environment pay for it. */
function loadZod(): typeof Zod {
  return createRequire(import.meta.url)('zod') as typeof Zod;
}
