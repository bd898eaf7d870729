import { isDeepStrictEqual } from 'node:util';
import { CacheConfigError } from '@huntly/cache-core';
import type { Application, Request } from 'express';
import { exactForm } from './exact-form.ts';
import { chosenSearch, isNamed, sortedSearch, tailOf } from './query-text.ts';

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
  /** What the URL shows of it, with `?`. */
  readonly search: string;
  /** The same of `req.originalUrl`, which middleware may have left as it was when it changed the URL. */
  readonly originalSearch: string;
  /** What to set as `req.query`, made anew for each handler; `undefined`: the request makes it of its URL by itself. */
  readonly value: (() => unknown) | undefined;
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

/** Makes a query of what stands in a URL from `?` on. */
type QueryReader = (search: string) => unknown;

/**
 * By which the app made the query of this request; `undefined`: middleware has changed what came of it, or put its own in its place. Express 5
 * reads the URL each time it is asked. Express 4 has asked once, by the parser that the outermost app had when its first route was declared.
 */
export function queryReader(req: Request, own: { readonly value: unknown } | undefined): QueryReader | undefined {
  const { search } = tailOf(req.url);
  const isMadeBy = (read: QueryReader) => !own || isDeepStrictEqual(read(search), own.value);
  return readersOf(req).find((read) => isMadeBy(read));
}

function readersOf(req: Request): readonly QueryReader[] {
  const prototype: object = Object.getPrototypeOf(req);
  if ('query' in prototype) {
    return [(search) => (Object.create(prototype, { url: { value: `/${search}`, writable: true } }) as Request).query];
  }
  return appsAround(req.app).map((app) => (search) => {
    const parser: unknown = app.get('query parser fn');
    if (typeof parser !== 'function') return {}; // it has switched parsing off
    return (parser as (text: string | null) => unknown)(search === '' ? null : search.slice(1));
  });
}

/** The outermost first. */
function appsAround(app: Application): readonly Application[] {
  const { parent } = app as Application & { readonly parent?: Application };
  return parent ? [...appsAround(parent), app] : [app];
}

/**
 * The handler sees the bytes that stand in the key, and the parser of its app makes of them what it always does. Where middleware before
 * has changed the query (there is no `read`), what they made of it counts. A promise only where a schema has to be asked.
 * @throws BadQueryError, or the promise rejects with it
 */
export function narrowQuery(
  req: Request,
  rule: QueryRule,
  { own, read }: { readonly own: { readonly value: unknown } | undefined; readonly read: QueryReader | undefined },
): NarrowQuery | Promise<NarrowQuery> {
  const { search, hash } = tailOf(req.url);
  if (rule.kind === 'schema') {
    return validated(own && !read ? own.value : read?.(sorted(search, read)), rule.schema);
  }
  if (!read) return queryOfValue(rule.kind === 'allow' ? pick(own?.value, rule.names) : own?.value);
  const text = sorted(rule.kind === 'allow' ? chosenSearch(search, rule.names) : search, read);
  const value = own && (() => read(text));
  if (rule.kind === 'allow') return { key: text, search: text, originalSearch: text, value };
  const original = tailOf(req.originalUrl);
  const isSame = original.search === search && original.hash === hash;
  const shown = text + hash;
  if (isSame) return { key: shown, search: shown, originalSearch: shown, value };
  const originalSearch = original.search + original.hash;
  return { key: JSON.stringify(['original', shown, originalSearch]), search: shown, originalSearch, value };
}

/**
 * In the order of names, if that changes nothing else: a parser may split a query at other characters, count the parameters, or make one
 * value of two names.
 */
function sorted(search: string, read: QueryReader): string {
  const inOrder = sortedSearch(search);
  if (inOrder === search) return search;
  try {
    return isSameButForOrder(read(search), read(inOrder)) ? inOrder : search;
  } catch {
    return search; // what a parser refuses, it refuses in the handler
  }
}

/** The order of properties counts, but for those of the query itself. */
function isSameButForOrder(a: unknown, b: unknown): boolean {
  const letters = (query: unknown) =>
    Object.entries(query ?? {})
      .map(([name, value]) => JSON.stringify([name, value]))
      .sort();
  return isDeepStrictEqual(a, b) && isDeepStrictEqual(letters(a), letters(b));
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
  return { key: exactForm(value ?? null), search: '', originalSearch: '', value: () => value };
}

function pick(query: unknown, names: ReadonlySet<string>): unknown {
  return Object.fromEntries(Object.entries(query ?? {}).filter(([name]) => isNamed(name, names)));
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
