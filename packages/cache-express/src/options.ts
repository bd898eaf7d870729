import { type Cache, type Clock, type Duration, didYouMean, MAX_WAIT, systemClock } from '@huntly/cache-core';
import type { Request, Response } from 'express';
import { Checks } from './checks.ts';
import { checkNames, isQueryOption, type QueryRule, queryRule, type StandardSchema } from './query.ts';
import type { Audience } from './request-rules.ts';
import { MAX_RESPONSE_BYTES, RESPONSE_TYPE } from './response-type.ts';
import type { StoragePolicy } from './storable.ts';
import { type Normalizer, type VaryRule, varyRule } from './vary.ts';

/** What is needed of a cache: any `Cache` or `CacheManager` has it. */
export type ResponseCache = Pick<Cache, 'addType' | 'enabled' | 'invalidateTags' | 'logger' | 'stats'>;

export interface CacheResponseOptions {
  readonly cache: ResponseCache;
  /**
   * A name for this `cacheResponse` in the keys of its responses. Where two of a cache could answer one URL, it keeps
   * their responses apart even if another version of the program makes them in another order. A function of the request
   * tells what the route does not: which tenant's router or app answers. It returns a text that is not empty, or a
   * number, at once; a request for which it returns anything else is not cached.
   * @default its place in the order that those of a cache are made
   */
  readonly scope?: string | ((req: Request) => string | number) | undefined;
  /** A type of the cache that the responses belong to: what invalidates the whole type drops them too. @default none */
  readonly type?: string | undefined;
  /**
   * How long a response may be served, unless its handler allows less.
   * @default what the handler allows; nothing where it says nothing
   */
  readonly ttl?: Duration | undefined;
  /** As `ttl`, for 404 and 410. @default they are not stored */
  readonly negativeTtl?: Duration | undefined;
  /**
   * How long past its TTL a response may still be served, while a copy of the request refreshes it or when that fails.
   * Not where the handler says `must-revalidate`, `proxy-revalidate` or `s-maxage`. @default none
   */
  readonly grace?: Duration | undefined;
  /**
   * The parameters that the response depends on: their names, or a schema (zod or any Standard Schema) whose output is
   * the key and `req.query`. The handler sees no others. @default all of them
   */
  readonly query?: readonly string[] | StandardSchema | undefined;
  /**
   * The request headers that the response depends on; the handler sees no others. With a function for each, few values
   * are made of many: `{ 'accept-language': (value) => (value?.startsWith('fr') ? 'fr' : 'en') }`. @default none
   */
  readonly vary?: readonly string[] | Readonly<Record<string, Normalizer>> | undefined;
  /**
   * The response is the same for all users, so that requests with Authorization, Cookie, `req.user`, `req.auth` or a
   * TLS certificate share it.
   * @default such requests bypass the cache
   */
  readonly shared?: boolean | undefined;
  /**
   * Names the user of an authenticated request: responses are kept per user. `undefined` means anonymous; anonymous
   * users share one response. A request for which it returns anything else, such as a promise, is not cached. Needs a
   * `secret`.
   */
  readonly identity?: ((req: Request) => string | number | undefined) | undefined;
  /** Keys the HMAC of identities: random, at least 16 characters, the same in all processes. */
  readonly secret?: string | undefined;
  /** Tags of a response, besides those of its `Surrogate-Key` and `Cache-Tag` headers. */
  readonly tags?: ((req: Request, res: Response) => readonly string[]) | undefined;
  /**
   * Whether a client's `Cache-Control` may ask for less than the cache offers. With `honour`, any client can bypass the
   * cache.
   * @default 'ignore'
   */
  readonly clientDirectives?: 'ignore' | 'honour' | undefined;
  /**
   * The `max-age` for clients, where the handler gives none. No invalidation reaches them.
   * @default they ask each time (`no-cache`)
   */
  readonly clientTtl?: Duration | undefined;
  /**
   * How many responses of one URL (and user) that differ in the headers of `vary` are kept; the least recently used
   * makes room. Counted in each process.
   * @default 32
   */
  readonly maxVariants?: number | undefined;
  /** Larger bodies are sent and not stored. @default 1_000_000 */
  readonly maxBodyBytes?: number | undefined;
  /** How long other requests wait for a response that a handler is making: at most `'1h'`. @default '30s' */
  readonly timeout?: Duration | undefined;
  /**
   * After a response could not be stored: how long requests for its key do not wait for each other, at most `'1d'`.
   * @default '10s'
   */
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

const OPTIONS = [
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
] satisfies (keyof CacheResponseOptions)[];
/** A shorter secret can be found by trying, and with it the users whose identity can be guessed. */
const SECRET_LENGTH = 16;
/** With a longer time a response that may be stored again would stay unstored, long after the reason is forgotten. */
const MAX_HIT_FOR_MISS: Duration = '1d';
/** No invalidation reaches the cache of a client, so a year is the longest time that can be meant. */
const MAX_CLIENT_TTL: Duration = '366d';

/** The options of a route, checked once. */
export interface RoutePolicy extends StoragePolicy {
  readonly cache: ResponseCache;
  readonly clock: Clock;
  readonly audience: Audience;
  readonly scope: string | ((req: Request) => string | number) | undefined;
  readonly type: string | undefined;
  readonly query: QueryRule;
  readonly vary: VaryRule;
  readonly identity: ((req: Request) => string | number | undefined) | undefined;
  readonly secret: string;
  readonly tags: ((req: Request, res: Response) => readonly string[]) | undefined;
  readonly honoursClients: boolean;
  /** The `Cache-Control` of a stored response whose handler gave none. */
  readonly clientCacheControl: string;
  /**
   * What tells other caches, of clients too, that another request gets another response: with each one that is stored.
   */
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
  const checks = new Checks('cacheResponse');
  checkOptions(options, checks);
  const durationMs = (
    field: 'ttl' | 'negativeTtl' | 'grace' | 'clientTtl' | 'timeout' | 'hitForMiss',
    atMost?: Duration,
  ) => checks.duration(field, options[field], atMost);
  const headerNames = (field: string, names: readonly string[]) => checks.collect(() => checkNames(field, names), []);
  const { shared, identity, secret = '' } = options;
  const vary = isVary(options.vary) ? options.vary : [];
  const passHeaders = isNames(options.passHeaders) ? options.passHeaders : [];
  const varyNames = Array.isArray(vary) ? (vary as string[]) : Object.keys(vary);
  const keyed = new Set(headerNames('vary', varyNames));
  const clientTtlMs = durationMs('clientTtl', MAX_CLIENT_TTL);
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
    secret,
    tags: options.tags,
    honoursClients: options.clientDirectives === 'honour',
    clientCacheControl: clientCacheControl(identity !== undefined, clientTtlMs),
    clientVary: varyNames,
    reuseVary: clientTtlMs === undefined || shared ? [] : ['Authorization', 'Cookie'],
    maxVariants: options.maxVariants ?? 32,
    maxBodyBytes: options.maxBodyBytes ?? 1_000_000,
    graceMs: durationMs('grace') ?? 0,
    timeoutMs: durationMs('timeout', MAX_WAIT) ?? 30_000,
    hitForMissMs: durationMs('hitForMiss', MAX_HIT_FOR_MISS) ?? 10_000,
    passHeaders: headerNames('passHeaders', passHeaders),
    dropsOnUnsafe: options.dropOnUnsafe ?? true,
    name: options.name ?? 'huntly',
  };
  checks.done();
  if (identity && secret.length < SECRET_LENGTH) {
    options.cache.logger.warn(
      {},
      `the secret of cacheResponse has less than ${SECRET_LENGTH} characters: it can be guessed`,
    );
  }
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

function checkOptions(options: CacheResponseOptions, checks: Checks): void {
  checks.names(options, OPTIONS, ['clock']);
  const { cache, query, shared, identity, secret, tags, scope, type, clientDirectives, name } = options;
  checks.cache(cache, ['addType', 'invalidateTags', 'stats']);
  checks.that(
    typeof scope === 'function' || isTextOrNone(scope),
    'scope must be a text, or a function of the request that returns one',
  );
  checks.text('type', type);
  if (typeof type === 'string' && typeof cache?.stats === 'function') {
    const types = Object.keys(cache.stats());
    checks.that(
      type === RESPONSE_TYPE || types.includes(type),
      `type must be a type of the cache; it has ${types.join(', ') || 'none'}${didYouMean([type], types)}`,
    );
  }
  checks.that(
    query === undefined || isQueryOption(query),
    "query must be names of parameters, such as ['q', 'page'], or a Standard Schema",
  );
  checks.that(
    options.vary === undefined || isVary(options.vary),
    "vary must be a list of request headers, or an object with a function for each; for one header: ['accept-language']",
  );
  checks.that(
    options.passHeaders === undefined || isNames(options.passHeaders),
    "passHeaders must be a list of request headers, such as ['traceparent']",
  );
  checks.flag('shared', shared);
  checks.flag('dropOnUnsafe', options.dropOnUnsafe);
  checks.that(
    !(shared && identity),
    'shared and identity exclude each other: a response is for all users or for one user',
  );
  checks.callable('identity', identity, 'the request');
  checks.text('secret', secret);
  checks.that(
    !identity || !!secret,
    'identity needs a secret, the same in all processes: it keys the digests of the users',
  );
  checks.that(!secret || !!identity, 'secret is for identities: without identity it does nothing');
  checks.callable('tags', tags, 'the request and the response');
  checks.atOnce('identity', identity);
  checks.atOnce('tags', tags);
  for (const [header, normalize] of Object.entries(options.vary ?? {})) checks.atOnce(`vary of ${header}`, normalize);
  checks.that(
    [undefined, 'ignore', 'honour'].includes(clientDirectives),
    "clientDirectives must be 'ignore' or 'honour'",
  );
  checks.wholeNumber('maxVariants', options.maxVariants);
  checks.wholeNumber('maxBodyBytes', options.maxBodyBytes, MAX_RESPONSE_BYTES);
  checks.that(
    name === undefined || (typeof name === 'string' && /^[A-Za-z*][\w!#$%&'*+.^`|~:/-]*$/.test(name)),
    'name must be a token of RFC 9211: letters, digits, "-", "_", "."',
  );
  checks.clock(options.clock);
}

function isTextOrNone(text: unknown): boolean {
  return text === undefined || (typeof text === 'string' && text !== '');
}

function isNames(names: unknown): names is readonly string[] {
  return Array.isArray(names) && names.every((name) => typeof name === 'string');
}

function isVary(vary: unknown): vary is NonNullable<CacheResponseOptions['vary']> {
  if (Array.isArray(vary) || typeof vary !== 'object' || vary === null) return isNames(vary);
  return Object.values(vary).every((normalize) => typeof normalize === 'function');
}
