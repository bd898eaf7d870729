import { CacheConfigError } from '@huntly/cache-core';
import type { Request } from 'express';
import { placesIn } from './app-places.ts';
import { exactForm } from './exact-form.ts';
import { appsAround, queryMiddlewareOf } from './express-app.ts';
import { chosenSearch, isNamed, pathOf, sortedSearch, tailOf } from './query-text.ts';
import { isSameValue } from './same-value.ts';

/**
 * The part of the Standard Schema interface (standardschema.dev, version 1) that is used here: zod, valibot, arktype
 * have it.
 */
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

const BAD_QUERY = Symbol.for('@huntly/cache-express/bad-query');

/** A query that the schema of the route refuses. Express answers 400 with it. */
export class BadQueryError extends Error {
  /** Also one that another copy of this package has thrown. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Object(value)[BAD_QUERY] === true;
  }

  /** @internal */
  get [BAD_QUERY](): true {
    return true;
  }

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
 * The query that is set on the request itself: Express 4 sets what it parsed, Express 5 none; middleware may have set
 * or changed it.
 * @throws if the handler could not be shown another
 */
export function ownQuery(req: Request): { readonly value: unknown } | undefined {
  const own = Object.getOwnPropertyDescriptor(req, 'query');
  if (own?.configurable === false && own.writable !== true) throw new TypeError('req.query cannot be replaced');
  return own && { value: req.query };
}

/** What an app makes of the query of a URL. */
type QueryReader = (url: string) => unknown;

/**
 * By which the app made the query of this request; `undefined`: middleware has changed what came of it, or put its own
 * in its place. Express 5 reads the URL each time it is asked. Express 4 has asked once: the outermost app, with the
 * parser it had when its first route was declared.
 */
export function queryReader(req: Request, own: { readonly value: unknown } | undefined): QueryReader | undefined {
  return readersOf(req).find((read) => !own || isSameValue(read(req.url), own.value));
}

function readersOf(req: Request): readonly QueryReader[] {
  const prototype = Object.getPrototypeOf(req) as object;
  if (!('query' in prototype)) return appsAround(req.app).flatMap((app) => queryMiddlewareOf(app) ?? []);
  return [(url) => (Object.create(prototype, { url: { value: url } }) as Request).query];
}

/**
 * The handler sees the bytes that stand in the key, and the parser of its app makes of them what it always does. Where
 * middleware before has changed the query (there is no `read`), what they made of it counts. A promise only where a
 * schema has to be asked.
 * @throws BadQueryError, or the promise rejects with it
 */
export function narrowQuery(
  req: Request,
  rule: QueryRule,
  { own, read }: { readonly own: { readonly value: unknown } | undefined; readonly read: QueryReader | undefined },
): NarrowQuery | Promise<NarrowQuery> {
  if (!read) return ofValue(own?.value, rule);
  const path = pathOf(req.url);
  const { search, hash } = tailOf(req.url);
  const readTail = (tail: string) => read(path + tail);
  const inOrder = (search: string, hash: string) => (isReadBelow(req) ? search + hash : sorted(search, hash, readTail));
  if (rule.kind === 'schema') return validated(readTail(inOrder(search, hash)), rule.schema);
  const shown = rule.kind === 'allow' ? inOrder(chosenSearch(search, rule.names), '') : inOrder(search, hash);
  const value = own && (() => readTail(shown));
  const original = req.originalUrl.slice(pathOf(req.originalUrl).length);
  if (rule.kind === 'allow' || original === search + hash) {
    return { key: shown, search: shown, originalSearch: shown, value };
  }
  return { key: JSON.stringify(['original', shown, original]), search: shown, originalSearch: original, value };
}

/** May another app read it, with a parser of its own? On Express 4 the outermost one has read it for all. */
function isReadBelow(req: Request): boolean {
  return 'query' in Object(Object.getPrototypeOf(req)) && placesIn(req.app).hasApps;
}

/**
 * In the order of names, if that changes nothing else: a parser may split a query at other characters, count the
 * parameters, or make one value of two names.
 */
function sorted(search: string, hash: string, read: (tail: string) => unknown): string {
  const asItIs = search + hash;
  const inOrder = sortedSearch(search) + hash;
  if (inOrder === asItIs) return asItIs;
  try {
    return isSameButForOrder(read(asItIs), read(inOrder)) ? inOrder : asItIs;
  } catch {
    return asItIs; // what a parser refuses, it refuses in the handler
  }
}

/** The order of properties counts, but for those of the query itself. */
function isSameButForOrder(a: unknown, b: unknown): boolean {
  if (!isSameValue(a, b)) return false;
  const letters = (query: unknown) => {
    const parts = Object.entries(query ?? {}).map((part) => JSON.stringify(part));
    return parts.sort().join();
  };
  return letters(a) === letters(b);
}

function ofValue(value: unknown, rule: QueryRule): NarrowQuery | Promise<NarrowQuery> {
  if (rule.kind === 'schema') return validated(value, rule.schema);
  return queryOfValue(rule.kind === 'allow' ? pick(value, rule.names) : value);
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
