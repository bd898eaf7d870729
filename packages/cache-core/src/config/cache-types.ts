import type { StandardSchemaV1 } from '@standard-schema/spec';
import { atOnce } from '../at-once.ts';
import { isSchema, type Schema } from '../codec/schema.ts';
import { type Codec, type Validate, ValueFormat } from '../codec/value-format.ts';
import { CacheConfigError, KeyError, kindOf } from '../errors.ts';
import { type NormalizeText, textFields } from '../keys/canonical.ts';
import { isTag } from '../keys/key.ts';
import { keyBuilder } from '../keys/key-builder.ts';
import type { KeyMemory } from '../keys/key-memory.ts';
import { checkName, checkNamespace, keyPrefix, type Scope } from '../keys/scope.ts';
import { closestName, didYouMean } from '../option-names.ts';
import { Checks } from './checks.ts';
import { type Duration, toMilliseconds } from './duration.ts';
import { type RefreshAhead, type RefreshWindow, resolveRefreshAhead } from './refresh-window.ts';

/** How long a value may be served, or how to tell from the value. */
export type Ttl<V> = Duration | ((value: V) => Duration);
/** How long past its TTL a value may still be served, or how to tell from the value; `0` not at all. */
export type Grace<V> = Duration | 0 | ((value: V) => Duration | 0);
/** Labels of a value: known before it is loaded, or told by the value (late tags). */
export type Tags<V> = readonly string[] | ((value: V) => readonly string[]);

/** What a schema makes of the values that it accepts. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>;

declare const VALUE: unique symbol;

/** One kind of cached value. `V` is what its values are; see `cacheType`. */
export interface CacheTypeOptions<V = unknown> {
  /** How long a value may be served. @default the `defaultTtl` of the cache */
  readonly ttl?: Ttl<V> | undefined;
  /** TTL for `null` (negative caching). Replaces the type's `ttl`, not a per-call `ttl`. @default `ttl` */
  readonly negativeTtl?: Duration;
  /** How long past its TTL a value may still be served while it is refreshed, or when refreshing fails. @default 0 */
  readonly grace?: Grace<V>;
  /** How long a reader of a stale value waits for the refresh before it takes the stale value. @default 0 */
  readonly softTimeout?: Duration | 0;
  /** How long a loader may take: then its signal is aborted and its callers get a `LoaderTimeoutError`. @default no limit */
  readonly hardTimeout?: Duration;
  /**
   * Loads a value that is read shortly before its TTL ends anew in the background, so that no reader waits. `true`: in
   * the last 5 % of the TTL; see `RefreshAhead` for a window of your own. @default false
   */
  readonly refreshAhead?: boolean | RefreshAhead;
  /** Each TTL of this type is shortened by a random part of up to this share, so that entries do not expire together. @default 0.05 */
  readonly jitter?: number;
  /** Tags of every value of this type, besides those of a call. */
  readonly tags?: Tags<V>;
  /**
   * What identifies a value. `text`: a string, number or bigint that stands in the key. `private`: the same, but only its
   * digest stands in the key. `query`: any plain data, hashed by `hashQuery`. @default 'text'
   */
  readonly identifier?: 'text' | 'private' | 'query';
  /** For `query` identifiers: see `QueryOptions.normalizeText`. @default false */
  readonly normalizeText?: NormalizeText;
  /** Only values for which this is true are cached; others are just returned. @default all */
  readonly condition?: (value: V) => boolean;
  /**
   * What values must be: any Standard Schema (zod, valibot, arktype). It gives the type its value type, and its output is what
   * a read returns. See `validate`.
   */
  readonly schema?: Schema;
  /**
   * `fill`: a value that does not fit is returned to its caller, not stored. `read`: a stored value that does not fit any more is
   * a miss. `both`; `off`: the schema only types. @default 'both'
   */
  readonly validate?: Validate;
  /** The form of stored values. @default JSON */
  readonly codec?: Codec<V>;
  /** Store values from `thresholdBytes` (8,000 with `true`) on gzipped. What was compressed is read whatever this says. @default false */
  readonly compress?: boolean | { readonly thresholdBytes?: number };
  /** Larger encoded values are returned but not cached; measured before compression. @default 5_000_000 */
  readonly maxValueBytes?: number;
  /** How long the right to fill is held without a sign of life; a running loader renews it. @default '4s' */
  readonly lease?: Duration;
  /**
   * How long a reader waits for a load of another cache on the store, or for a claim that was handed out, before it loads for
   * itself. A load of its own cache it joins for as long as that takes. `0` never waits. @default '5s'
   */
  readonly wait?: Duration | 0;
  /**
   * While the store does not answer and the load fails, a read is answered with what this process saw last, at most
   * `ttl` ago (up to `'1h'`). That may be older than an invalidation by another process: see the limits of P1.
   * @default off
   */
  readonly degraded?: { readonly ttl: Duration };
  /** Pause after a failed load before its key is loaded again, in any process. `0` turns it off. @default '250ms' */
  readonly backoff?: Duration | 0;
  /**
   * Copies of values in this process, which follow what the store announces. @default on if the cache has the option `local`
   */
  readonly local?: boolean;
  /**
   * How callers share a copy of this type: see `LocalOptions`. `trust` is for values that no caller changes.
   * @default as the option `local` of the cache says
   */
  readonly share?: 'freeze' | 'clone' | 'trust';
  /**
   * Accept values that another program wrote into a shared store. They carry no tags: only an invalidation of their key or a
   * pattern reaches them. @default false
   */
  readonly foreign?: boolean;
  readonly [VALUE]?: (value: V) => void;
}

/** A type whose identifiers are plain data of any shape: see `IdentifierOf`. */
export interface WithQuery {
  readonly identifier: 'query';
}

/**
 * Gives a type its value type: from its schema, where functions of the value need it, or by name:
 * `types: { report: cacheType<Report>({ ttl: '30m' }) }`.
 */
export function cacheType<S extends Schema>(
  options: CacheTypeOptions<OutputOf<S>> & WithQuery & { readonly schema: S },
): CacheTypeOptions<OutputOf<S>> & WithQuery;
export function cacheType<S extends Schema>(
  options: CacheTypeOptions<OutputOf<S>> & { readonly schema: S },
): CacheTypeOptions<OutputOf<S>>;
export function cacheType<V>(
  options: CacheTypeOptions<V> & WithQuery & { readonly schema?: Schema<V> },
): CacheTypeOptions<V> & WithQuery;
export function cacheType<V>(options: CacheTypeOptions<V> & { readonly schema?: Schema<V> }): CacheTypeOptions<V>;
export function cacheType<V>(options: CacheTypeOptions<V>): CacheTypeOptions<V> {
  return options;
}

/** A type with its defaults filled in and checked once, so that no call pays for it. */
export interface ResolvedType {
  readonly scope: Scope;
  readonly codec: ValueFormat;
  /** `undefined`: the value tells. */
  readonly graceMs: number | undefined;
  readonly grace: Grace<never>;
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number | undefined;
  /** `undefined`: it does not. */
  readonly refreshAhead: RefreshWindow | undefined;
  /** `undefined`: it does not answer with what was seen last. */
  readonly degradedMs: number | undefined;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly backoffMs: number;
  readonly jitter: number;
  /** `undefined`: the value tells. */
  readonly ttlMs: number | undefined;
  readonly ttl: Ttl<never>;
  /** Of `null`, if it has one of its own. */
  readonly negativeTtlMs: number | undefined;
  readonly tags: Tags<never> | undefined;
  readonly condition: ((value: never) => boolean) | undefined;
  readonly acceptsForeign: boolean;
  readonly isLocal: boolean;
  /** `undefined`: as the cache says. */
  readonly share: 'freeze' | 'clone' | 'trust' | undefined;
  /** True where keys hold digests only, so that a pattern cannot name some of them. */
  readonly isHashed: boolean;
  /** @throws KeyError */
  keyOf(identifier: unknown): string;
}

const SETTINGS = new Set<string>([
  'ttl',
  'negativeTtl',
  'grace',
  'softTimeout',
  'hardTimeout',
  'refreshAhead',
  'jitter',
  'tags',
  'identifier',
  'normalizeText',
  'condition',
  'schema',
  'validate',
  'codec',
  'compress',
  'maxValueBytes',
  'lease',
  'wait',
  'backoff',
  'degraded',
  'local',
  'share',
  'foreign',
] satisfies (keyof CacheTypeOptions)[]);
const DEFAULTS = { jitter: 0.05, maxValueBytes: 5_000_000, leaseMs: 4_000, waitMs: 5_000, backoffMs: 250 };
const COMPRESS_FROM_BYTES = 8_000;
const MAX_VALUE_BYTES = 512 * 1024 * 1024;

/** The settings of a cache that its types share. */
export interface SharedTypeSettings {
  readonly types: Readonly<Record<string, CacheTypeOptions<never>>>;
  readonly namespace?: string | undefined;
  readonly defaultTtl?: Duration | undefined;
  readonly secret?: string | undefined;
  readonly local?: unknown;
  readonly keyMemory?: KeyMemory | undefined;
}

/** @throws CacheConfigError with every problem of every type, and those `found` elsewhere. */
export function resolveTypes(shared: SharedTypeSettings, found: readonly string[]): ReadonlyMap<string, ResolvedType> {
  if (typeof shared.types !== 'object' || shared.types === null) {
    throw new CacheConfigError([
      `types must be an object such as { lead: { ttl: '2h' } }; got ${kindOf(shared.types)}`,
      ...found,
    ]);
  }
  const problems = [...found, ...sharedProblems(shared)];
  const resolved = new Map<string, ResolvedType>();
  for (const [name, options] of Object.entries(shared.types)) {
    const problem = keyProblem(() => checkName(`The type ${JSON.stringify(name.slice(0, 40))}`, name));
    if (problem) problems.push(problem);
    else if (typeof options !== 'object' || options === null) {
      problems.push(`types.${name} must be an object such as { ttl: '5m' }; got ${kindOf(options)}`);
    } else {
      resolved.set(name, resolveType(name, options, shared, new Checks(`types.${name}`, problems)));
    }
  }
  if (problems.length > 0) throw new CacheConfigError(problems);
  return resolved;
}

function sharedProblems({ namespace, secret }: SharedTypeSettings): string[] {
  const problems: string[] = [];
  const problem = namespace === undefined ? undefined : keyProblem(() => checkNamespace('The namespace', namespace));
  if (problem) problems.push(problem);
  if (secret !== undefined && (typeof secret !== 'string' || secret === '')) {
    problems.push(`secret must be a text that is not empty; got ${kindOf(secret)}`);
  }
  return problems;
}

/** What is wrong with a name or a field, as a sentence. */
export function keyProblem(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (KeyError.is(error)) return error.message;
    throw error;
  }
}

function resolveType(
  name: string,
  options: CacheTypeOptions<never>,
  shared: SharedTypeSettings,
  checks: Checks,
): ResolvedType {
  const scope = { namespace: shared.namespace, type: name };
  const { ttl = shared.defaultTtl, grace = 0, tags, condition, identifier = 'text' } = options;
  const unknown = Object.keys(options).filter((setting) => !SETTINGS.has(setting));
  const settings = [...SETTINGS];
  if (ttl === undefined && !unknown.some((setting) => closestName(setting, settings) === 'ttl'))
    checks.add('ttl', 'is missing: give the type one, or the cache a defaultTtl');
  for (const setting of unknown) {
    const meant = didYouMean([setting], settings);
    checks.add(setting, `is no setting of a type; its settings are ${settings.join(', ')}${meant}`);
  }
  checks.that(
    'identifier',
    ['text', 'private', 'query'].includes(identifier),
    `'text', 'private' or 'query'`,
    identifier,
  );
  checks.that(
    'tags',
    tags === undefined || typeof tags === 'function' || (Array.isArray(tags) && tags.every(isTag)),
    'texts of 1–500 characters, or a function of the value',
    tags,
  );
  checks.that(
    'share',
    options.share === undefined || ['freeze', 'clone', 'trust'].includes(options.share),
    `'freeze', 'clone' or 'trust'`,
    options.share,
  );
  checks.that(
    'condition',
    condition === undefined || typeof condition === 'function',
    'a function of the value',
    condition,
  );
  for (const [setting, value] of Object.entries({ ttl, grace, tags, condition })) checks.atOnce(setting, value);
  const ttlMs = typeof ttl === 'function' || ttl === undefined ? undefined : checks.duration('ttl', ttl);
  return {
    scope,
    ttl: ttl ?? 0,
    tags,
    condition,
    ttlMs,
    jitter: checks.number('jitter', options.jitter, DEFAULTS.jitter, 0, 0.5),
    negativeTtlMs: options.negativeTtl === undefined ? undefined : checks.duration('negativeTtl', options.negativeTtl),
    codec: valueFormat(options, checks),
    grace,
    graceMs: typeof grace === 'function' ? undefined : checks.durationOrNone('grace', grace),
    softTimeoutMs: options.softTimeout === 0 ? 0 : checks.shortDuration('softTimeout', options.softTimeout, 0),
    hardTimeoutMs:
      options.hardTimeout === undefined ? undefined : checks.shortDuration('hardTimeout', options.hardTimeout, 0),
    refreshAhead: resolveRefreshAhead(options.refreshAhead, ttlMs, checks),
    degradedMs: degradedMs(options.degraded, checks),
    leaseMs: checks.shortDuration('lease', options.lease, DEFAULTS.leaseMs),
    waitMs: options.wait === 0 ? 0 : checks.shortDuration('wait', options.wait, DEFAULTS.waitMs),
    backoffMs: options.backoff === 0 ? 0 : checks.shortDuration('backoff', options.backoff, DEFAULTS.backoffMs),
    acceptsForeign: checks.flag('foreign', options.foreign, false),
    isLocal: checks.flag('local', options.local, shared.local !== undefined && shared.local !== false),
    share: options.share,
    isHashed: identifier !== 'text',
    keyOf: keyBuilder({
      prefix: keyPrefix(scope),
      kind: identifier,
      normalizeText: checkedTextFields(options.normalizeText, checks),
      secret: shared.secret,
      memory: shared.keyMemory,
    }),
  };
}

function checkedTextFields(normalizeText: NormalizeText | undefined, checks: Checks): NormalizeText {
  const isGood = keyProblem(() => textFields(normalizeText)) === undefined;
  checks.that('normalizeText', isGood, 'true, false or names of fields', normalizeText);
  return isGood ? (normalizeText ?? false) : false;
}

function degradedMs(degraded: unknown, checks: Checks): number | undefined {
  if (degraded === undefined) return undefined;
  const { ttl, ...others } = typeof degraded === 'object' && degraded !== null ? (degraded as { ttl?: unknown }) : {};
  const isGood = ttl !== undefined && Object.keys(others).length === 0;
  checks.that('degraded', isGood, "an object such as { ttl: '1s' }", degraded);
  return isGood ? checks.shortDuration('degraded.ttl', ttl, 0) : undefined;
}

function valueFormat(options: CacheTypeOptions<never>, checks: Checks): ValueFormat {
  const { schema, validate = 'both', codec, compress = false } = options;
  checks.that(
    'schema',
    schema === undefined || isSchema(schema),
    'a Standard Schema, such as one of zod, valibot or arktype',
    schema,
  );
  checks.that(
    'validate',
    ['fill', 'read', 'both', 'off'].includes(validate),
    `'fill', 'read', 'both' or 'off'`,
    validate,
  );
  checks.that('codec', codec === undefined || isCodec(codec), 'an object with the functions encode and decode', codec);
  checks.atOnce('codec.encode', codec?.encode);
  const isSwitch = typeof compress === 'boolean';
  checks.that(
    'compress',
    isSwitch || (typeof compress === 'object' && compress !== null),
    'true, false or { thresholdBytes }',
    compress,
  );
  const thresholdBytes = isSwitch ? undefined : compress?.thresholdBytes;
  const fromBytes = checks.number('compress.thresholdBytes', thresholdBytes, COMPRESS_FROM_BYTES, 1, MAX_VALUE_BYTES);
  return new ValueFormat({
    schema,
    validate,
    codec,
    compressFromBytes: compress === false ? undefined : fromBytes,
    maxValueBytes: checks.number('maxValueBytes', options.maxValueBytes, DEFAULTS.maxValueBytes, 1, MAX_VALUE_BYTES),
  });
}

function isCodec(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return ['encode', 'decode'].every((name) => typeof Reflect.get(value, name) === 'function');
}

/** The milliseconds for one value, before jitter. @throws CacheConfigError */
export function ttlFor<V>(field: string, ttl: Ttl<V>, value: V): number {
  return toMilliseconds(field, typeof ttl === 'function' ? atOnce(field, ttl(value)) : ttl);
}

/** The milliseconds of grace for one value. @throws CacheConfigError */
export function graceFor<V>(field: string, grace: Grace<V>, value: V): number {
  const answer = typeof grace === 'function' ? atOnce(field, grace(value)) : grace;
  return answer === 0 ? 0 : toMilliseconds(field, answer);
}
