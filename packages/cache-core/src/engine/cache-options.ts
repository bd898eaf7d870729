import { isAsyncFunction } from '../at-once.ts';
import type { Clock } from '../clock.ts';
import { isPlain } from '../codec/json-fates.ts';
import type { CacheTypeOptions } from '../config/cache-types.ts';
import { Checks } from '../config/checks.ts';
import { checkDuration, type Duration, toMilliseconds } from '../config/duration.ts';
import { CacheConfigError, kindOf } from '../errors.ts';
import { isLogger, LOG_LEVELS, type Logger, type LogLevel } from '../observe/logger.ts';
import { didYouMean } from '../option-names.ts';
import type { GuardSettings } from '../store/guard.ts';
import type { Store } from '../store/store.ts';
import type { Share } from './sharing.ts';

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
  /** The level of the default logger. @default 'warn' */
  readonly logLevel?: LogLevel | undefined;
  /**
   * Copies in this process of what was read from the store: for all types, or for those that say so. They follow the
   * announcements of the store (docs/local-copies.md); where it has none they live for a second. @default off
   */
  readonly local?: boolean | LocalOptions | undefined;
  /**
   * The store time that one read may cost, over all its calls; after that the value is loaded. `false`: the store is
   * asked whatever time it takes, without breaker and journal, as is the default store. @default '50ms'
   */
  readonly storeBudget?: Duration | false | undefined;
  /** An invalidation that could not be applied throws, instead of resolving as `{ applied: false }`. @default false */
  readonly strict?: boolean | undefined;
  /** `false`: every read is a miss, every load direct. Invalidations still reach the store. @default true */
  readonly enabled?: boolean | undefined;
  /**
   * Keys the digests of `private` and `query` identifiers (HMAC), so that they cannot be guessed.
   * @default plain SHA-256
   */
  readonly secret?: string | undefined;
  /** Records how long reads of the store, loads and fills take, for `stats()`. @default false */
  readonly latency?: boolean | undefined;
  /** Keys removed at a time by `invalidatePattern`. @default 100 */
  readonly sweepBatchSize?: number | undefined;
  /** For tests. @default systemClock */
  readonly clock?: Clock | undefined;
  /** For tests: from 0 up to, not including, 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Options of the copies in this process; `local: true` takes the defaults. */
export interface LocalOptions {
  /** @default 10_000 */
  readonly maxEntries?: number;
  /** Bytes of keys and values together, roughly. @default 64 MiB */
  readonly maxBytes?: number;
  /**
   * How callers are kept from changing each other's value. `freeze`: they share one, frozen with all that it holds. A
   * write to it throws a plain `TypeError` of the language (`Cannot assign to read only property`), which names no
   * cache; in code that is not strict it does nothing. What freezing does not protect, such as a Date, is cloned for
   * each caller. `clone`: each gets a clone. `trust`: they share one as it is, and no caller may change it.
   * With the first two, values that can be neither frozen nor cloned, such as instances of classes, have no copies.
   * @default 'freeze'
   */
  readonly share?: Share;
}

/** Options of `ready`. */
export interface ReadyOptions {
  /** How long to wait for the store, at most `'1h'`; `0` only looks. @default '5s' */
  readonly timeout?: Duration | 0 | undefined;
}

const READY_MS = 5_000;

/** @throws CacheConfigError */
export function readyTimeoutMs(options: ReadyOptions): number {
  if (typeof options !== 'object' || options === null) {
    const example = "{ timeout: '2s' }";
    throw new CacheConfigError([`the options of ready must be an object such as ${example}; got ${kindOf(options)}`]);
  }
  const { timeout, ...others } = options;
  const problems = Object.keys(others).map((name) => `${name} is no option of ready; its option is timeout`);
  const timeoutMs = timeout === 0 ? 0 : new Checks('ready', problems).shortDuration('timeout', timeout, READY_MS);
  if (problems.length > 0) throw new CacheConfigError(problems);
  return timeoutMs;
}

/**
 * Closes the given store when the cache cannot be created: its connection to Redis would keep a process alive that has
 * failed to start.
 */
export function closingOnFailure<C>(options: { readonly store?: Store | undefined } | undefined, make: () => C): C {
  try {
    return make();
  } catch (error) {
    const store = options?.store;
    if (hasMethods(store, ['close'])) (async () => store?.close())().catch(() => {}); // the news is what is wrong with the options
    throw error;
  }
}

export const CACHE_OPTIONS = [
  'types',
  'defaultTtl',
  'namespace',
  'store',
  'logger',
  'logLevel',
  'local',
  'storeBudget',
  'strict',
  'enabled',
  'secret',
  'latency',
  'sweepBatchSize',
  'clock',
  'random',
] satisfies (keyof CacheOptions)[];

/**
 * What is wrong with the options besides their types, one sentence each.
 * @param names of all options that there are
 * @throws CacheConfigError for no options at all
 */
export function optionProblems(options: CacheOptions, names: readonly string[]): string[] {
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
  const unknown = Object.keys(options).filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    const none = unknown.length === 1 ? 'is no option' : 'are no options';
    problems.push(
      `${unknown.join(', ')} ${none} of a cache; its options are ${names.join(', ')}${didYouMean(unknown, names)}`,
    );
  }
  for (const name of ['defaultTtl', 'storeBudget'] as const) {
    const value = options[name];
    if (value === undefined || (value === false && name === 'storeBudget')) continue;
    const duration = checkDuration(value, name === 'storeBudget' ? MAX_BUDGET : undefined);
    if ('problem' in duration) problems.push(`${name} ${duration.problem}`);
  }
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
  problems.push(...loggerProblems(options.logger), ...localProblems(options.local));
  for (const name of ['enabled', 'strict', 'latency'] as const) {
    check(name, (value) => typeof value === 'boolean', 'true or false');
  }
  check('sweepBatchSize', (size) => Number.isSafeInteger(size) && Number(size) >= 1, 'a whole number above 0');
  return problems;
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}

function loggerProblems(logger: CacheOptions['logger']): string[] {
  if (typeof logger !== 'object' || logger === null) return [];
  return (['debug', 'info', 'warn', 'error', 'isLevelEnabled'] as const)
    .filter((method) => isAsyncFunction(logger[method]))
    .map((method) => `logger.${method} must be a function that is not async: no caller awaits it`);
}

const LOCAL_OPTIONS = ['maxEntries', 'maxBytes', 'share'] as const satisfies readonly (keyof LocalOptions)[];

function localProblems(local: unknown): string[] {
  if (local === undefined || typeof local === 'boolean') return [];
  // The entries of an array or a Map would count as no options.
  if (typeof local !== 'object' || local === null || !isPlain(local))
    return [`local must be true, false or an object such as { maxEntries: 1_000 }; got ${kindOf(local)}`];
  const { maxEntries, maxBytes, share, ...unknown } = local as Record<string, unknown>;
  const problems = Object.keys(unknown).map(
    (name) =>
      `local.${name} is no option of local copies; they are maxEntries, maxBytes and share${didYouMean([name], LOCAL_OPTIONS)}`,
  );
  for (const [name, value] of Object.entries({ maxEntries, maxBytes })) {
    if (value !== undefined && !(Number.isSafeInteger(value) && Number(value) >= 1))
      problems.push(`local.${name} must be a whole number above 0; got ${kindOf(value)}`);
  }
  if (share !== undefined && !['freeze', 'clone', 'trust'].includes(share as string))
    problems.push(`local.share must be 'freeze', 'clone' or 'trust'; got ${kindOf(share)}`);
  return problems;
}

/** The limits of the store; `undefined` for the in-process store and for `storeBudget: false`. */
export function guardSettings({ store, storeBudget = '50ms' }: CacheOptions): GuardSettings | undefined {
  if (store === undefined || storeBudget === false) return undefined;
  return { ...GUARD, budgetMs: toMilliseconds('storeBudget', storeBudget) };
}

/** With a longer budget a read would wait for the store instead of loading. `false` switches the limit off. */
const MAX_BUDGET: Duration = '1m';
const GUARD = {
  /** Longer than for reads: the caller of an invalidation must know whether it was applied. */
  invalidationMs: 1_000,
  maxInFlight: 2_000,
  deadlinesToOpen: 5,
  probeMs: 250,
  journalCapacity: 10_000,
  replayMs: 10_000,
};
