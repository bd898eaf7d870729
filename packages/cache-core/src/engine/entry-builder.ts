import { encodeJson } from '../codec/json.ts';
import { type ResolvedType, type Tags, type Ttl, ttlFor } from '../config/cache-types.ts';
import { KeyError, kindOf, SerializationError } from '../errors.ts';
import { isTag } from '../keys/key.ts';
import { loggableKey } from '../observe/logger.ts';
import type { NewEntry } from '../store/store.ts';
import type { TypeContext } from './engine.ts';

/** Per-call settings of a value that is stored. */
export interface FillOptions<V> {
  /** Instead of the TTL of the type, and without jitter. */
  readonly ttl?: Ttl<V> | undefined;
  /** Besides the tags of the type. */
  readonly tags?: Tags<V> | undefined;
}

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
  if (options === null || typeof options !== 'object') {
    throw new KeyError(`The options must be an object such as { ttl: '5m' }; got ${kindOf(options)}.`);
  }
  const unknown = Object.keys(options).find((name) => name !== 'ttl' && name !== 'tags');
  if (unknown !== undefined) throw new KeyError(`${unknown} is no option of a call; its options are ttl and tags.`);
  if (options.ttl !== undefined && typeof options.ttl !== 'function') ttlFor('ttl', options.ttl, undefined);
  return knownTags(type, options);
}

/** What a value is stored with: the options of one or two calls together. */
export interface EntrySettings {
  readonly ttl: Ttl<never> | undefined;
  readonly tags: readonly (Tags<never> | undefined)[];
  readonly loadMs: number;
}

/** What the store is to keep, or `undefined` for a value that cannot be kept: that is counted and said, never thrown. */
export function tryBuildEntry(
  context: TypeContext,
  key: string,
  value: unknown,
  settings: EntrySettings,
): NewEntry | undefined {
  const { type, engine, observer } = context;
  try {
    const isWanted = value !== undefined && (type.condition === undefined || type.condition(value as never) === true);
    if (isWanted) return buildEntry(type, value, settings, engine.random);
    observer.count('uncacheable', key);
    return undefined;
  } catch (error) {
    observer.count('uncacheable', key);
    engine.logger.warn({ type: type.scope.type, key: loggableKey(key), err: error }, 'value not cached');
    return undefined;
  }
}

/** @throws SerializationError for a value that cannot be kept, KeyError or CacheConfigError for tags or a TTL that cannot. */
function buildEntry(type: ResolvedType, value: unknown, settings: EntrySettings, random: () => number): NewEntry {
  const bytes = encodeJson(value);
  if (bytes.byteLength > type.maxValueBytes) {
    throw new SerializationError(`The value takes ${bytes.byteLength} bytes; maxValueBytes is ${type.maxValueBytes}.`);
  }
  const ttlMs = entryTtl(type, value as never, settings.ttl, random);
  const sources = [type.tags, ...settings.tags];
  const tags = sources.flatMap((source) =>
    checkTags(typeof source === 'function' ? source(value as never) : (source ?? [])),
  );
  return { bytes, freshForMs: ttlMs, expiresInMs: ttlMs, loadMs: settings.loadMs, tags: [...new Set(tags)] };
}

/** The TTL of a type is shortened by its jitter; one given for a call is meant as it is. */
function entryTtl(type: ResolvedType, value: never, ttl: Ttl<never> | undefined, random: () => number): number {
  if (ttl !== undefined) return ttlFor('ttl', ttl, value);
  const ttlMs = type.ttlMs ?? ttlFor(`types.${type.scope.type}.ttl`, type.ttl, value);
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
