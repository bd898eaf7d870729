import { CacheConfigError, canonicalForm } from '@huntly/cache-core';
import type { Request } from 'express';

/** The part of the Standard Schema interface (standardschema.dev, version 1) that is used here: zod, valibot, arktype have it. */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>;
  };
}
type StandardResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };
interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}
/** A client writes the query, and may make any number of mistakes. */
const MAX_ISSUES = 10;
const MAX_PATH_LENGTH = 64;

/** Which part of the query a response depends on. */
export type QueryRule =
  | { readonly kind: 'whole' }
  | { readonly kind: 'allow'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'schema'; readonly schema: StandardSchema };

/** A query as the key holds it and as the handler sees it: the same. */
export interface NarrowQuery {
  readonly key: string;
  /** As in a URL, without `?`. */
  readonly text: string;
  /** Only its handler needs it. */
  readonly parse: (req: Request) => unknown;
}

/** A query that the schema of the route refuses. Express answers 400 with it. */
export class BadQueryError extends Error {
  override readonly name = 'BadQueryError';
  readonly status = 400;
  readonly statusCode = 400;
  readonly expose = true;
}

export function queryRule(query: readonly string[] | StandardSchema | undefined): QueryRule {
  if (query === undefined) return { kind: 'whole' };
  if (Array.isArray(query)) return { kind: 'allow', names: new Set(query as string[]) };
  return { kind: 'schema', schema: query as StandardSchema };
}

export function isQueryOption(query: unknown): boolean {
  if (Array.isArray(query)) return query.every((name) => typeof name === 'string' && name !== '');
  return (typeof query === 'object' || typeof query === 'function') && query !== null && '~standard' in query;
}

/**
 * The query that is set on the request itself: Express 4 sets what it parsed, Express 5 none; middleware may have set or changed it.
 * @throws if the handler could not be shown another
 */
export function ownQuery(req: Request): { readonly value: unknown } | undefined {
  const own = Object.getOwnPropertyDescriptor(req, 'query');
  if (own?.configurable === false && own.writable !== true) throw new TypeError('req.query cannot be replaced');
  return own && { value: req.query };
}

/** What Express makes of the query of the URL. */
export function parsedQuery(req: Request): unknown {
  return parse(req, rawQueryOf(req.url));
}

/**
 * Where middleware before has `changed` the query, what it made of it counts, as it would without the cache. A promise only where a schema
 * has to be asked.
 * @throws BadQueryError, or the promise rejects with it
 */
export function narrowQuery(
  req: Request,
  rule: QueryRule,
  changed?: { readonly value: unknown },
): NarrowQuery | Promise<NarrowQuery> {
  const raw = rawQueryOf(req.url);
  const names = rule.kind === 'allow' ? rule.names : undefined;
  if (rule.kind === 'schema') return validated(changed ? changed.value : parse(req, canonicalQuery(raw)), rule.schema);
  if (changed) return queryOfValue(names ? pick(changed.value, names) : changed.value);
  const text = canonicalQuery(raw, names);
  return { key: text, text, parse: (req) => parse(req, text) };
}

function rawQueryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at + 1);
}

/**
 * Equal for queries that differ in the order of their names or in how they are encoded. Values of one name keep their order: it means
 * something to most handlers.
 */
function canonicalQuery(raw: string, names?: ReadonlySet<string>): string {
  if (raw === '') return '';
  const pairs = [...new URLSearchParams(raw)].filter(([name]) => !names || isNamed(name, names));
  pairs.sort(([a], [b]) => Number(a > b) - Number(a < b)); // stable, by code unit, never by locale
  return pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

/** What the app makes of a query. `false`: it has switched parsing off. */
function parse(req: Request, text: string): unknown {
  const parser: unknown = req.app.get('query parser fn');
  return typeof parser === 'function' ? (parser as (text: string) => unknown)(text) : {};
}

async function validated(query: unknown, schema: StandardSchema): Promise<NarrowQuery> {
  const result = await schema['~standard'].validate(query);
  if (result.issues) {
    const issues = result.issues.slice(0, MAX_ISSUES).map(described);
    throw new BadQueryError(`Bad query: ${issues.join('; ') || 'refused'}`);
  }
  return queryOfValue(result.value);
}

/** What it was made into is all that counts, so nothing of the raw text is left for the handler to read. */
function queryOfValue(value: unknown): NarrowQuery {
  return { key: exactForm(value ?? null), text: '', parse: () => value };
}

/**
 * Equal only for values that no handler can tell apart. The canonical form alone takes other spellings of one Unicode text, and other orders of
 * properties, for the same.
 * @throws KeyError if the value has no canonical form
 */
function exactForm(value: unknown): string {
  const letters = JSON.stringify(value, (_name, part: unknown) => {
    if (part instanceof Map || part instanceof Set) throw new TypeError('a query must not hold a Map or a Set');
    return typeof part === 'bigint' || part === undefined ? String(part) : part;
  });
  return JSON.stringify([canonicalForm(value), letters]);
}

function pick(query: unknown, names: ReadonlySet<string>): unknown {
  return Object.fromEntries(Object.entries(query ?? {}).filter(([name]) => isNamed(name, names)));
}

/** A name with brackets belongs to the name before them. */
function isNamed(name: string, names: ReadonlySet<string>): boolean {
  return names.has(name.split('[', 1)[0] ?? '');
}

/** Names the parameter; what stands there is only in the message if its schema puts it there. */
function described({ message, path = [] }: StandardIssue): string {
  const name = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return name === '' ? message : `${name.slice(0, MAX_PATH_LENGTH)}: ${message}`;
}

/** @throws CacheConfigError */
export function checkNames(field: string, names: readonly string[]): readonly string[] {
  const bad = names.filter((name) => !/^[A-Za-z0-9-]+$/.test(name));
  if (bad.length > 0) throw new CacheConfigError([`${field} must be names of request headers; got ${bad.join(', ')}`]);
  return names.map((name) => name.toLowerCase());
}
