import {
  type Cache,
  CacheConfigError,
  type Clock,
  type Duration,
  systemClock,
  toMilliseconds,
} from '@huntly/cache-core';
import type { Request, Response } from 'express';
import { checkNames, isQueryOption, type QueryRule, queryRule, type StandardSchema } from './query.ts';
import type { Audience } from './request-rules.ts';
import type { StoragePolicy } from './storable.ts';
import { type Normalizer, type VaryRule, varyRule } from './vary.ts';

/** What is needed of a cache: any `Cache` or `CacheManager` has it. */
export type ResponseCache = Pick<Cache, 'addType' | 'enabled' | 'invalidateTags' | 'logger'>;

export interface CacheResponseOptions {
  readonly cache: ResponseCache;
  /**
   * A name for this `cacheResponse` in the keys of its responses. Where two of a cache could answer one URL, it keeps their responses apart
   * even if another version of the program makes them in another order. @default its place in the order that those of a cache are made
   */
  readonly scope?: string | undefined;
  /** A type of the cache that the responses belong to: what invalidates the whole type drops them too. @default none */
  readonly type?: string | undefined;
  /** How long a response may be served, unless its handler allows less. @default what the handler allows; nothing where it says nothing */
  readonly ttl?: Duration | undefined;
  /** As `ttl`, for 404 and 410. @default they are not stored */
  readonly negativeTtl?: Duration | undefined;
  /**
   * How long past its TTL a response may still be served, while a copy of the request refreshes it or when that fails. Not where the
   * handler says `must-revalidate`, `proxy-revalidate` or `s-maxage`. @default none
   */
  readonly grace?: Duration | undefined;
  /**
   * The parameters that the response depends on: their names, or a schema (zod or any Standard Schema) whose output is the key and
   * `req.query`. The handler sees no others. @default all of them
   */
  readonly query?: readonly string[] | StandardSchema | undefined;
  /**
   * The request headers that the response depends on; the handler sees no others. With a function for each, few values are made of many:
   * `{ 'accept-language': (value) => (value?.startsWith('fr') ? 'fr' : 'en') }`. @default none
   */
  readonly vary?: readonly string[] | Readonly<Record<string, Normalizer>> | undefined;
  /** The response does not depend on who asks: those with Authorization, Cookie, `req.user` or `req.auth` share it. @default they bypass the cache */
  readonly shared?: boolean | undefined;
  /**
   * Who asks, from the authenticated request: responses are kept per user. `undefined`: nobody, who gets what everybody without credentials
   * gets. Whoever answers with anything else, such as a promise, is not cached. Needs a `secret`.
   */
  readonly identity?: ((req: Request) => string | number | undefined) | undefined;
  /** Keys the HMAC of identities; the same in all processes. */
  readonly secret?: string | undefined;
  /** Tags of a response, besides those of its `Surrogate-Key` and `Cache-Tag` headers. */
  readonly tags?: ((req: Request, res: Response) => readonly string[]) | undefined;
  /**
   * Whether a client's `Cache-Control` may ask for less than the cache offers. `honour` lets any client pass the cache by.
   * @default 'ignore'
   */
  readonly clientDirectives?: 'ignore' | 'honour' | undefined;
  /** The `max-age` for clients, where the handler gives none. No invalidation reaches them. @default they ask each time (`no-cache`) */
  readonly clientTtl?: Duration | undefined;
  /** How many responses of one URL (and user) that differ in the headers of `vary` are kept; the least recently used makes room. Counted in each process. @default 32 */
  readonly maxVariants?: number | undefined;
  /** Larger bodies are sent and not stored. @default 1_000_000 */
  readonly maxBodyBytes?: number | undefined;
  /** Others wait no longer for a response than this. @default '30s' */
  readonly timeout?: Duration | undefined;
  /** How long a key is not waited for after its response could not be stored. @default '10s' */
  readonly hitForMiss?: Duration | undefined;
  /** Request headers that the handler may see although the key leaves them out, such as `traceparent`. @default none */
  readonly passHeaders?: readonly string[] | undefined;
  /** Whether a POST, PUT, PATCH, DELETE that succeeds drops the responses of its path. @default true */
  readonly dropOnUnsafe?: boolean | undefined;
  /** The name of this cache in `Cache-Status`. @default 'huntly' */
  readonly name?: string | undefined;
  /** For tests. @default systemClock */
  readonly clock?: Clock | undefined;
}

const OPTIONS = new Set<string>([
  'cache',
  'scope',
  'type',
  'ttl',
  'negativeTtl',
  'grace',
  'query',
  'vary',
  'shared',
  'identity',
  'secret',
  'tags',
  'clientDirectives',
  'clientTtl',
  'maxVariants',
  'maxBodyBytes',
  'timeout',
  'hitForMiss',
  'passHeaders',
  'dropOnUnsafe',
  'name',
  'clock',
] satisfies (keyof CacheResponseOptions)[]);

/** The options of a route, checked once. */
export interface RoutePolicy extends StoragePolicy {
  readonly cache: ResponseCache;
  readonly clock: Clock;
  readonly audience: Audience;
  readonly scope: string | undefined;
  readonly type: string | undefined;
  readonly query: QueryRule;
  readonly vary: VaryRule;
  readonly identity: ((req: Request) => string | number | undefined) | undefined;
  readonly secret: string;
  readonly tags: ((req: Request, res: Response) => readonly string[]) | undefined;
  readonly honoursClients: boolean;
  /** The `Cache-Control` of a stored response whose handler gave none. */
  readonly clientCacheControl: string;
  /** What tells other caches, of clients too, that another request gets another response: with each one that is stored. */
  readonly clientVary: readonly string[];
  /** The same, where the `clientCacheControl` allows a reuse. */
  readonly reuseVary: readonly string[];
  readonly maxVariants: number;
  readonly graceMs: number;
  readonly timeoutMs: number;
  readonly hitForMissMs: number;
  readonly passHeaders: readonly string[];
  readonly dropsOnUnsafe: boolean;
  readonly name: string;
}

/** @throws CacheConfigError with everything that is wrong. */
export function routePolicy(options: CacheResponseOptions): RoutePolicy {
  const problems = optionProblems(options);
  const collect = <T>(make: () => T, fallback: T): T => {
    try {
      return make();
    } catch (error) {
      if (!CacheConfigError.is(error)) throw error;
      problems.push(...error.problems);
      return fallback;
    }
  };
  const durationMs = (field: 'ttl' | 'negativeTtl' | 'grace' | 'clientTtl' | 'timeout' | 'hitForMiss') => {
    const value = options[field];
    return value === undefined ? undefined : collect(() => toMilliseconds(field, value), 0);
  };
  const { shared, identity, vary = [], passHeaders = [] } = options;
  const varyNames = Array.isArray(vary) ? (vary as string[]) : Object.keys(vary);
  const keyed = new Set(collect(() => checkNames('vary', varyNames), []));
  const clientTtlMs = durationMs('clientTtl');
  const policy: RoutePolicy = {
    cache: options.cache,
    clock: options.clock ?? systemClock,
    audience: audienceOf(shared, identity),
    scope: options.scope,
    type: options.type,
    ttlMs: durationMs('ttl'),
    negativeTtlMs: durationMs('negativeTtl'),
    query: queryRule(options.query),
    vary: varyRule(vary),
    keyedHeaders: keyed,
    identity,
    secret: options.secret ?? '',
    tags: options.tags,
    honoursClients: options.clientDirectives === 'honour',
    clientCacheControl: clientCacheControl(identity !== undefined, clientTtlMs),
    clientVary: varyNames,
    reuseVary: clientTtlMs === undefined || shared ? [] : ['Authorization', 'Cookie'],
    maxVariants: options.maxVariants ?? 32,
    maxBodyBytes: options.maxBodyBytes ?? 1_000_000,
    graceMs: durationMs('grace') ?? 0,
    timeoutMs: durationMs('timeout') ?? 30_000,
    hitForMissMs: durationMs('hitForMiss') ?? 10_000,
    passHeaders: collect(() => checkNames('passHeaders', passHeaders), []),
    dropsOnUnsafe: options.dropOnUnsafe ?? true,
    name: options.name ?? 'huntly',
  };
  if (problems.length > 0) throw new CacheConfigError(problems);
  return policy;
}

function audienceOf(shared: boolean | undefined, identity: CacheResponseOptions['identity']): Audience {
  if (identity) return 'identified';
  return shared ? 'shared' : 'anonymous';
}

/** No invalidation reaches the copies of clients, so by default they ask each time; the answer may be a 304. */
function clientCacheControl(isPrivate: boolean, clientTtlMs: number | undefined): string {
  const lifetime = clientTtlMs === undefined ? 'no-cache' : `max-age=${Math.floor(clientTtlMs / 1000)}`;
  return isPrivate ? `private, ${lifetime}` : `public, ${lifetime}`;
}

function optionProblems(options: CacheResponseOptions): string[] {
  if (typeof options !== 'object' || options === null) {
    throw new CacheConfigError(["cacheResponse takes options such as { cache, ttl: '5m' }"]);
  }
  const problems: string[] = [];
  const that = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  const { cache, query, shared, identity, secret, tags, scope, type, clientDirectives, name } = options;
  for (const option of Object.keys(options)) {
    that(OPTIONS.has(option), `${option} is no option of cacheResponse; its options are ${[...OPTIONS].join(', ')}`);
  }
  that(typeof cache?.addType === 'function', 'cache must be a Cache or a CacheManager');
  that(type === undefined || (typeof type === 'string' && type !== ''), 'type must be the name of a type of the cache');
  that(scope === undefined || (typeof scope === 'string' && scope !== ''), 'scope must be a name');
  that(query === undefined || isQueryOption(query), 'query must be names of parameters or a Standard Schema');
  that(!(shared && identity), 'shared and identity exclude each other: a response is for everybody or for one user');
  that(identity === undefined || typeof identity === 'function', 'identity must be a function of the request');
  that(!identity || !!secret, 'identity needs a secret, the same in all processes: it keys the digests of who asks');
  that(tags === undefined || typeof tags === 'function', 'tags must be a function of the request and the response');
  that([undefined, 'ignore', 'honour'].includes(clientDirectives), "clientDirectives must be 'ignore' or 'honour'");
  for (const limit of ['maxVariants', 'maxBodyBytes'] as const) {
    const value = options[limit];
    that(value === undefined || (Number.isSafeInteger(value) && value > 0), `${limit} must be a whole number above 0`);
  }
  that(
    name === undefined || /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(name),
    'name must be a token of RFC 9211: letters, digits, "-", "_", "."',
  );
  return problems;
}
