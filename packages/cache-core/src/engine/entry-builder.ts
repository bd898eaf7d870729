import { atOnce, isAsyncFunction } from '../at-once.ts';
import { type Grace, graceFor, type ResolvedType, type Tags, type Ttl, ttlFor } from '../config/cache-types.ts';
import { KeyError, kindOf } from '../errors.ts';
import { isTag } from '../keys/key.ts';
import { loggableKey } from '../observe/logger.ts';
import { didYouMean } from '../option-names.ts';
import type { NewEntry } from '../store/store.ts';
import type { TypeContext } from './engine.ts';

/** Per-call settings of a value that is stored. */
export interface FillOptions<V> {
  /** Instead of the TTL of the type, and without jitter. */
  readonly ttl?: Ttl<V> | undefined;
  /** Instead of the grace of the type. */
  readonly grace?: Grace<V> | undefined;
  /** Besides the tags of the type. */
  readonly tags?: Tags<V> | undefined;
}

export const FILL_OPTIONS = ['ttl', 'grace', 'tags'] as const satisfies (keyof FillOptions<never>)[];

/** Tags that do not need the value: known before it is loaded. @throws KeyError */
function knownTags(type: ResolvedType, options: FillOptions<never>): readonly string[] {
  return [type.tags, options.tags].flatMap((source) => (typeof source === 'function' ? [] : checkTags(source ?? [])));
}

/**
 * What can be known to be wrong with a call before its load is said before its load.
 * @returns the tags that are known before it.
 * @throws KeyError, CacheConfigError
 */
export function checkFillOptions(type: ResolvedType, options: FillOptions<never>): readonly string[] {
  return checkCallOptions(type, options, FILL_OPTIONS);
}

/** @param names of all options that the call has. See `checkFillOptions`. */
export function checkCallOptions(
  type: ResolvedType,
  options: FillOptions<never>,
  names: readonly string[],
): readonly string[] {
  if (options === null || typeof options !== 'object') {
    throw new KeyError(`The options must be an object such as { ttl: '5m' }; got ${kindOf(options)}.`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
    const meant = didYouMean([unknown], names) || '.';
    throw new KeyError(`${unknown} is no option of a call; its options are ${known}${meant}`);
  }
  const asynchronous = FILL_OPTIONS.find((name) => isAsyncFunction(options[name]));
  if (asynchronous !== undefined)
    throw new KeyError(`${asynchronous} must be a function that is not async: its answer is needed at once.`);
  if (options.ttl !== undefined && typeof options.ttl !== 'function') ttlFor('ttl', options.ttl, undefined);
  if (options.grace !== undefined && typeof options.grace !== 'function') graceFor('grace', options.grace, undefined);
  return knownTags(type, options);
}

/** What a value is stored with: the options of one or two calls together. */
export interface EntrySettings {
  readonly ttl: Ttl<never> | undefined;
  readonly grace: Grace<never> | undefined;
  readonly tags: readonly (Tags<never> | undefined)[];
  readonly loadMs: number;
}

/**
 * What the store is to keep, or `undefined` for a value that cannot be kept: that is counted and said, never thrown.
 */
export function tryBuildEntry(
  context: TypeContext,
  key: string,
  value: unknown,
  settings: EntrySettings,
): NewEntry | undefined | Promise<NewEntry | undefined> {
  const { type, engine, observer } = context;
  const refuse = (error: unknown) => {
    observer.count('uncacheable', key, error);
    engine.logger.warn({ type: type.scope.type, key: loggableKey(key), err: error }, 'value not cached');
    return undefined;
  };
  try {
    const { condition } = type;
    const isWanted =
      value !== undefined && (condition === undefined || atOnce('condition', condition(value as never)) === true);
    if (isWanted) {
      const entry = buildEntry(context, value, settings);
      return entry instanceof Promise ? entry.catch(refuse) : entry;
    }
    observer.count('uncacheable', key);
    return undefined;
  } catch (error) {
    return refuse(error);
  }
}

/**
 * Everything is asked of the value before this returns: its owner may go on with it while it is being compressed.
 * @throws SerializationError or ValueRejectedError for a value that cannot be kept, KeyError or CacheConfigError for
 * tags or a TTL that cannot; or the promise rejects with one of them.
 */
function buildEntry(
  { type, engine }: TypeContext,
  value: unknown,
  settings: EntrySettings,
): NewEntry | Promise<NewEntry> {
  const bytes = type.codec.encode(value);
  const facts = () => {
    const freshForMs = entryTtl(type, value as never, settings.ttl, engine.random);
    const graceMs = entryGrace(type, value as never, settings.grace);
    const { loadMs } = settings;
    return { freshForMs, expiresInMs: freshForMs + graceMs, loadMs, tags: entryTags(type, value as never, settings) };
  };
  const loss = type.codec.lossOf(value);
  if (loss !== undefined) engine.logger.warn({ type: type.scope.type, loss }, 'JSON changes values of this type');
  if (!(bytes instanceof Promise)) return { bytes, ...facts() };
  const asked = (async () => facts())(); // a TTL function that throws must not leave the other promise alone
  return Promise.all([bytes, asked]).then(([bytes, facts]) => ({ bytes, ...facts }));
}

function entryTags(type: ResolvedType, value: never, settings: EntrySettings): readonly string[] {
  const tags = [type.tags, ...settings.tags].flatMap((source) =>
    checkTags(typeof source === 'function' ? atOnce('tags', source(value)) : (source ?? [])),
  );
  return [...new Set(tags)];
}

/** @throws CacheConfigError */
function entryGrace(type: ResolvedType, value: never, grace: Grace<never> | undefined): number {
  if (grace !== undefined) return graceFor('grace', grace, value);
  return type.graceMs ?? graceFor(`types.${type.scope.type}.grace`, type.grace, value);
}

/** The TTL of a type is shortened by its jitter; one given for a call is meant as it is. */
function entryTtl(type: ResolvedType, value: never, ttl: Ttl<never> | undefined, random: () => number): number {
  if (ttl !== undefined) return ttlFor('ttl', ttl, value);
  const negativeTtlMs = value === null ? type.negativeTtlMs : undefined;
  const ttlMs = negativeTtlMs ?? type.ttlMs ?? ttlFor(`types.${type.scope.type}.ttl`, type.ttl, value);
  return Math.max(1, Math.round(ttlMs * (1 - type.jitter * random())));
}

/** @throws KeyError */
export function checkTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw new KeyError(`Tags must be an array of texts; got ${kindOf(tags)}.`);
  for (const tag of tags) {
    if (isTag(tag)) continue;
    throw new KeyError(`A tag must be a text of 1–500 characters; got ${kindOf(tag)}.`);
  }
  return tags;
}
