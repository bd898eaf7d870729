import type { Clock } from '../clock.ts';
import type { CacheTypeOptions } from '../config/cache-types.ts';
import { checkDuration, type Duration } from '../config/duration.ts';
import { CacheConfigError, kindOf } from '../errors.ts';
import { isLogger, LOG_LEVELS, type Logger, type LogLevel } from '../observe/logger.ts';
import type { Store } from '../store/store.ts';

/** Types by name. */
export type CacheTypes = Readonly<Record<string, CacheTypeOptions<never>>>;

export interface CacheOptions<T extends CacheTypes = CacheTypes> {
  readonly types: T;
  /** The TTL of types that name none. @default none: each type names its own */
  readonly defaultTtl?: Duration | undefined;
  /** Stands before every key, so that programs can share a store. @default none */
  readonly namespace?: string | undefined;
  /** Where entries live; the cache closes it. @default memoryStore() */
  readonly store?: Store | undefined;
  /** A pino logger or alike; `false` for silence. @default pino on standard output, loaded with the first line */
  readonly logger?: Logger | false | undefined;
  /** Of the default logger. @default 'warn' */
  readonly logLevel?: LogLevel | undefined;
  /** `false`: every read is a miss, every load direct. Invalidations still reach the store. @default true */
  readonly enabled?: boolean | undefined;
  /** Keys the digests of `private` and `query` identifiers (HMAC), so that nobody can guess them. @default plain SHA-256 */
  readonly secret?: string | undefined;
  /** Keys removed at a time by `invalidatePattern`. @default 100 */
  readonly sweepBatchSize?: number | undefined;
  /** For tests. @default systemClock */
  readonly clock?: Clock | undefined;
  /** For tests: from 0 up to, not including, 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

const OPTIONS = new Set<string>([
  'types',
  'defaultTtl',
  'namespace',
  'store',
  'logger',
  'logLevel',
  'enabled',
  'secret',
  'sweepBatchSize',
  'clock',
  'random',
] satisfies (keyof CacheOptions)[]);

/** What is wrong with the options besides their types, one sentence each. @throws CacheConfigError for no options at all */
export function optionProblems(options: CacheOptions): string[] {
  if (typeof options !== 'object' || options === null) {
    throw new CacheConfigError([
      `the options must be an object such as { types: { lead: { ttl: '2h' } } }; got ${kindOf(options)}`,
    ]);
  }
  const problems: string[] = [];
  const check = (name: keyof CacheOptions, holds: (value: unknown) => boolean, wanted: string) => {
    const value = options[name];
    if (value !== undefined && !holds(value)) problems.push(`${name} must be ${wanted}; got ${kindOf(value)}`);
  };
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name))
      problems.push(`${name} is no option of a cache; its options are ${[...OPTIONS].join(', ')}`);
  }
  const ttl = options.defaultTtl === undefined ? undefined : checkDuration(options.defaultTtl);
  if (ttl && 'problem' in ttl) problems.push(`defaultTtl ${ttl.problem}`);
  check(
    'store',
    (store) => hasMethods(store, ['status', 'read', 'lease', 'fill', 'invalidate', 'sweep', 'close']),
    'a Store, such as memoryStore()',
  );
  check(
    'logger',
    (logger) => logger === false || isLogger(logger),
    'false, or have the methods debug, info, warn and error',
  );
  check('logLevel', (level) => LOG_LEVELS.includes(level as LogLevel), `one of ${LOG_LEVELS.join(', ')}`);
  check('enabled', (enabled) => typeof enabled === 'boolean', 'true or false');
  check('sweepBatchSize', (size) => Number.isSafeInteger(size) && Number(size) >= 1, 'a whole number above 0');
  return problems;
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}
