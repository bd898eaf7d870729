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
  const variables = new Variables(env);
  const config: CacheConfig = {
    enabled: variables.flag('CACHE_ENABLED', true),
    logLevel: variables.logLevel('CACHE_LOG_LEVEL', 'info'),
    defaultTtl: variables.duration('CACHE_DEFAULT_TTL', 3600),
    searchTtl: variables.duration('SEARCH_CACHE_TTL', 3600),
    leadTtl: variables.duration('LEAD_CACHE_TTL', 7200),
    userPrefsTtl: variables.duration('USER_PREFS_TTL', 86_400),
    analyticsTtl: variables.duration('ANALYTICS_TTL', 1800),
    maxSearchResults: variables.count('MAX_SEARCH_RESULTS', 1000),
    indexingBatchSize: variables.count('INDEXING_BATCH_SIZE', 100),
  };
  variables.done();
  return config;
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on', 'y', 'enabled'].map((text) => [text, true] as const),
  ...['false', '0', 'no', 'off', 'n', 'disabled'].map((text) => [text, false] as const),
]);
const MAX_COUNT = 1_000_000;

/** Reads variables by name and collects what is wrong with them. */
class Variables {
  readonly #env: Environment;
  readonly #problems: string[] = [];

  constructor(env: Environment) {
    this.#env = env;
  }

  flag(name: string, fallback: boolean): boolean {
    return this.#read(name, fallback, 'true or false', (text) => FLAGS.get(text.toLowerCase()));
  }

  logLevel(name: string, fallback: LogLevel): LogLevel {
    return this.#read(name, fallback, `one of ${LOG_LEVELS.join(', ')}`, (text) =>
      LOG_LEVELS.find((level) => level === text),
    );
  }

  count(name: string, fallback: number): number {
    return this.#read(name, fallback, `a whole number from 1 to ${MAX_COUNT}`, (text) => {
      const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
      return count >= 1 && count <= MAX_COUNT ? count : undefined;
    });
  }

  /** @param fallback in seconds */
  duration(name: string, fallback: number): Duration {
    const text = this.#textOf(name);
    if (text === undefined) return fallback;
    const value = (/^[-+]?[\d.]+$/.test(text) ? Number(text) : text) as Duration;
    const check = checkDuration(value);
    if ('problem' in check) this.#problems.push(`${name} ${check.problem}`);
    return value;
  }

  /** @throws CacheConfigError with all problems, if there are any */
  done(): void {
    if (this.#problems.length > 0) throw new CacheConfigError(this.#problems);
  }

  #read<T>(name: string, fallback: T, wanted: string, parse: (text: string) => T | undefined): T {
    const text = this.#textOf(name);
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value === undefined) this.#problems.push(`${name} must be ${wanted}; got "${text.slice(0, 40)}"`);
    return value ?? fallback;
  }

  #textOf(name: string): string | undefined {
    return this.#env[name]?.trim() || undefined;
  }
}
