import type { Duration, LoaderContext, TypedCache } from '@huntly/cache-core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { type AskedUrl, AskedUrls } from './asked-url.ts';
import { type CacheOutcome, cacheStatus } from './cache-status.ts';
import { isForRequest } from './echo-finder.ts';
import { HandlerRun, type RunOutcome } from './handler-run.ts';
import { appendTo } from './headers.ts';
import { HitForMiss } from './hit-for-miss.ts';
import { type Hold, isHeld, takeHold } from './hold.ts';
import { watchLeaving } from './leaving.ts';
import { endOfArrivals } from './loop-turn.ts';
import { CONDITIONAL, NarrowRequest } from './narrow-request.ts';
import { type CacheResponseOptions, type RoutePolicy, routePolicy } from './options.ts';
import { BadQueryError } from './query.ts';
import { RefreshFailures } from './refresh-failures.ts';
import { identityDigest, requestKey, resourceKey } from './request-key.ts';
import {
  type ClientWishes,
  clientWishes,
  isFromSomebody,
  isOverridden,
  isUnsafe,
  mayUseCache,
  NO_WISHES,
  satisfies,
} from './request-rules.ts';
import { rerun, rerunOf } from './rerun.ts';
import { hideTags } from './response-tags.ts';
import { responseType } from './response-type.ts';
import { nextScope } from './route-key.ts';
import { ageOf, sendStored } from './send-stored.ts';
import type { Reason } from './storable.ts';
import type { StoredResponse } from './stored-response.ts';
import { type Result, type Traffic, trafficOf } from './traffic.ts';
import { dropWhenDone } from './unsafe-methods.ts';
import { Variants } from './variants.ts';
import { keyedHeaders } from './vary.ts';

/** A response that failed is tried again soon. */
const FAILURE_MS = 1_000;
/** These say something of one client, not of the response. */
const PERSONAL: ReadonlySet<Reason> = new Set<Reason>(['aborted', 'truncated']);

const CREDENTIALS =
  'requests with Authorization, Cookie, `req.user` or `req.auth` are not cached: give cacheResponse `shared: true` if the response does not depend on who asks, or `identity` to keep it per user';

/**
 * Caches the responses of a route. What may not be shared, stored or reused by RFC 9111 is not; the handler sees nothing that the key leaves
 * out; one handler runs for all who ask at once, in however many processes; a cache in trouble costs no request its answer.
 * @throws CacheConfigError with everything that is wrong with the options.
 * @example app.get('/leads', cacheResponse({ cache, ttl: '5m', query: ['q', 'page'], shared: true }), handler);
 */
export function cacheResponse(options: CacheResponseOptions): RequestHandler {
  const route = new CachedRoute(routePolicy(options));
  return (req, res, next) => void route.answer(req, res, next).catch(next);
}

/** A request that may be answered from the cache, and what it asks for. */
interface Asked {
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
  readonly hold: Hold;
  readonly key: string;
  /** That which its variants share. */
  readonly resource: string;
  readonly url: AskedUrl;
  readonly headers: Readonly<Record<string, string>>;
  readonly wishes: ClientWishes;
}

class CachedRoute {
  readonly #policy: RoutePolicy;
  readonly #responses: TypedCache<StoredResponse>;
  readonly #urls: AskedUrls;
  readonly #hitForMiss: HitForMiss;
  /** `undefined`: there is one of each URL. */
  readonly #variants: Variants | undefined;
  readonly #traffic: Traffic;
  /** Responses that a handler of this process just made: whoever gets one has waited for it. */
  readonly #made = new WeakSet<StoredResponse>();
  readonly #refreshFailures: RefreshFailures;
  readonly #grace: Duration;
  /** What is left of the time that a response is fresh. */
  readonly #ttlOf = ({ freshForMs, generatedAtMs }: StoredResponse): Duration => {
    const leftMs = freshForMs - (this.#policy.clock.epoch() - generatedAtMs);
    return `${Math.max(1, Math.round(leftMs))}ms`;
  };
  readonly #warned = new Set<string>();

  constructor(policy: RoutePolicy) {
    this.#policy = policy;
    this.#responses = policy.cache.addType('http', responseType());
    this.#urls = new AskedUrls(policy.query, policy.scope ?? nextScope(policy.cache));
    this.#hitForMiss = new HitForMiss(policy.clock);
    if (policy.vary.size > 0) {
      this.#variants = new Variants(policy.clock, policy.maxVariants, (key) => void this.#drop(key));
    }
    this.#traffic = trafficOf(policy.cache);
    this.#refreshFailures = new RefreshFailures(policy.cache.logger);
    this.#grace = policy.graceMs === 0 ? 0 : `${policy.graceMs}ms`;
  }

  async answer(req: Request, res: Response, next: NextFunction): Promise<void> {
    const { cache, clock, dropsOnUnsafe, audience } = this.#policy;
    if (isHeld(req) || res.headersSent) return next();
    const again = rerunOf(req);
    if (again) {
      if (again.owner !== this) return next();
      return again.reached(req, res, next);
    }
    if (isUnsafe(req.method)) {
      if (dropsOnUnsafe) dropWhenDone(req, res, { cache, clock, traffic: this.#traffic });
      return this.#forward(req, res, next, { why: 'method' });
    }
    if ((req.method !== 'GET' && req.method !== 'HEAD') || isOverridden(req))
      return this.#forward(req, res, next, { why: 'method' });
    if (!cache.enabled) return this.#forward(req, res, next, { why: 'bypass', detail: 'disabled' });
    const verdict = mayUseCache(req, audience);
    if (!verdict.allowed) {
      if (verdict.reason === 'credentials') this.#warnOnce(req, CREDENTIALS);
      return this.#forward(req, res, next, { why: 'bypass', detail: verdict.reason });
    }
    const asked = await this.#ask(req, res, next);
    if (asked) await this.#serve(asked);
  }

  /** What is asked for; `undefined` where the request was dealt with. */
  async #ask(req: Request, res: Response, next: NextFunction): Promise<Asked | undefined> {
    const { vary, honoursClients, cache } = this.#policy;
    const hold = takeHold(req);
    try {
      const identity = this.#identityOf(req);
      if (identity === null) {
        this.#forward(req, res, next, { why: 'bypass', detail: 'identity' });
        return undefined;
      }
      const asked = this.#urls.of(req);
      const url = asked instanceof Promise ? await asked : asked;
      const headers = keyedHeaders(req.headers, vary);
      const key = requestKey({ url: url.key, headers, identity });
      const wishes = honoursClients ? clientWishes(req.headers) : NO_WISHES;
      const resource = resourceKey(url.key, identity);
      return { req, res, next, hold, key, resource, url, headers, wishes };
    } catch (error) {
      if (error instanceof BadQueryError) next(error);
      else {
        cache.logger.warn({ err: error, route: routeOf(req) }, 'a request has no key and is not cached');
        this.#forward(req, res, next, { why: 'bypass', detail: 'uncacheable' });
      }
      return undefined;
    }
  }

  /** The digest of who asks; `undefined` for everybody; `null` for somebody who cannot be told from others. */
  #identityOf(req: Request): string | undefined | null {
    const { identity, secret } = this.#policy;
    if (!identity) return undefined;
    const who: unknown = identity(req);
    if (who === undefined) return isFromSomebody(req) ? null : undefined;
    const text = Number.isFinite(who) ? String(who) : who;
    if (typeof text === 'string' && text !== '') return identityDigest(secret, text);
    if (who instanceof Promise)
      who.catch((err: unknown) => this.#policy.cache.logger.warn({ err }, 'identity rejected'));
    this.#warnOnce(
      req,
      'requests are not cached whose `identity` is neither a text that is not empty, nor a number, nor `undefined` for nobody; it cannot be a promise',
    );
    return null;
  }

  async #serve(asked: Asked, isSecondTry = false): Promise<void> {
    const { req, res, wishes, key } = asked;
    if (wishes.onlyIfCached || req.method === 'HEAD') return this.#serveStoredOnly(asked);
    if (wishes.bypass) return this.#alone(asked, { kind: 'forward', why: 'request' }, 'bypass');
    if (this.#hitForMiss.has(key))
      return this.#alone(asked, { kind: 'forward', why: 'bypass', detail: 'uncacheable' }, 'bypass');

    const { clock } = this.#policy;
    let isLeader = false;
    let hasFailed = false;
    let stored: StoredResponse | undefined;
    try {
      await endOfArrivals();
      if (isDone(res)) return;
      const askedAt = clock.now();
      const load = ({ previous }: LoaderContext<StoredResponse>) => {
        isLeader = previous === undefined;
        if (isLeader) this.#traffic.timed('read', clock.now() - askedAt);
        const response = isLeader ? this.#lead(asked) : this.#refresh(asked);
        return response as Promise<StoredResponse>; // `undefined` means "do not cache"
      };
      stored = await this.#responses.getOrSet(key, load, {
        grace: this.#grace,
        ttl: this.#ttlOf,
        tags: this.#knownTags(asked),
      });
      const isRead = stored !== undefined && !this.#made.has(stored); // else the time is that of a handler
      if (isRead) this.#traffic.timed('read', clock.now() - askedAt);
    } catch (error) {
      hasFailed = true;
      this.#policy.cache.logger.warn({ err: error, route: routeOf(req) }, 'the cache failed: the handler answers');
    }
    if (isLeader) return; // answered by the handler itself
    if (isDone(res)) return;
    // The client of the handler left, which says nothing of the response: one of those who waited leads the others.
    if (!stored && !hasFailed && !isSecondTry && !this.#hitForMiss.has(key)) return this.#serve(asked, true);
    if (stored && this.#suits(asked, stored)) return this.#send(asked, stored);
    const outcome: CacheOutcome = stored
      ? { kind: 'forward', why: 'request' }
      : { kind: 'forward', why: 'bypass', detail: 'uncacheable' };
    this.#alone(asked, outcome, 'bypass');
  }

  /** For HEAD, and for clients that want nothing else: the handler's GET is never run. */
  async #serveStoredOnly(asked: Asked): Promise<void> {
    const { res, key, wishes } = asked;
    const stored = wishes.bypass ? undefined : await this.#responses.get(key).catch(() => undefined);
    if (isDone(res)) return;
    if (stored && this.#suits(asked, stored)) return this.#send(asked, stored);
    if (!wishes.onlyIfCached) return this.#alone(asked, { kind: 'forward', why: 'uri-miss' }, 'miss');
    if (res.headersSent) return; // by whoever waited no longer
    res.statusCode = 504; // RFC 9111 §5.2.1.7
    appendTo(res, 'Cache-Status', [cacheStatus(this.#policy.name, { kind: 'forward', why: 'request' })]);
    this.#count(asked.req, 'bypass');
    res.end();
  }

  /** Runs the handler for all who wait, and for the store. */
  async #lead(asked: Asked): Promise<StoredResponse | undefined> {
    const { res, key, resource } = asked;
    const { timeoutMs, graceMs, hitForMissMs } = this.#policy;
    if (isDone(res)) return undefined; // since it waited for another response
    if (this.#variants?.admit(resource, key, timeoutMs) === false) {
      this.#traffic.skip(routeOf(asked.req), 'variants');
      this.#hitForMiss.remember(key, hitForMissMs);
      this.#alone(asked, { kind: 'forward', why: 'bypass', detail: 'variants' }, 'bypass');
      return undefined;
    }
    const outcome = await this.#run(asked, undefined);
    this.#count(asked.req, 'miss');
    if (outcome.kind === 'storable') {
      this.#variants?.keep(resource, key, outcome.response.freshForMs + graceMs);
      this.#made.add(outcome.response);
      this.#traffic.stored(routeOf(asked.req), outcome.response.body.length);
      return outcome.response;
    }
    this.#variants?.forget(resource, key);
    const { reason, status } = outcome;
    this.#traffic.skip(routeOf(asked.req), reason);
    if (!PERSONAL.has(reason)) {
      this.#hitForMiss.remember(key, status >= 500 ? FAILURE_MS : hitForMissMs);
    }
    return undefined;
  }

  /**
   * Runs the handler for a stale response that others get meanwhile. A handler that fails leaves it; one that now answers what may not
   * be stored ends it.
   * @throws if there is no newer answer
   */
  async #refresh(asked: Asked): Promise<StoredResponse | undefined> {
    try {
      const response = await this.#rerun(asked);
      this.#refreshFailures.succeeded();
      return response;
    } catch (error) {
      this.#refreshFailures.failed(routeOf(asked.req), error);
      throw error;
    }
  }

  async #rerun({ req, key }: Asked): Promise<StoredResponse | undefined> {
    const { clock, timeoutMs } = this.#policy;
    const run = async (req: Request, res: Response, next: NextFunction) => {
      const again = await this.#ask(req, res, next);
      if (again?.key === key) return this.#run(again, undefined);
      if (again) next();
      throw new Error('The refresh of a response did not ask what its first request asked.');
    };
    const outcome = await rerun({ req, owner: this, clock, timeoutMs, run });
    if (outcome.kind === 'storable') {
      this.#traffic.stored(routeOf(req), outcome.response.body.length);
      return outcome.response;
    }
    const { reason, status } = outcome;
    this.#traffic.skip(routeOf(req), reason);
    if (status >= 500 || reason === 'timeout' || PERSONAL.has(reason))
      throw new Error(`The refresh of a response failed: ${reason}, status ${status}.`);
    await this.#responses.invalidate(key);
    return undefined;
  }

  /** Runs the handler for this request only. */
  #alone(asked: Asked, outcome: CacheOutcome, result: Result): void {
    this.#count(asked.req, result);
    void this.#run(asked, outcome);
  }

  #run(asked: Asked, outcome: CacheOutcome | undefined): Promise<RunOutcome> {
    const { req, res, next, hold, url, headers } = asked;
    const policy = this.#policy;
    const clientHeaders = req.headers;
    const credentials = policy.audience === 'identified' ? ['authorization', 'cookie'] : [];
    const pass = [...policy.passHeaders, ...credentials, ...(outcome ? CONDITIONAL : [])];
    return new Promise((onSettled) => {
      try {
        const narrow = new NarrowRequest(req, { query: url.query, headers, pass });
        const run = new HandlerRun({ policy, req, res, hold, narrow, clientHeaders, outcome, onSettled });
        narrow.onRestore(watchLeaving(req, next, () => run.leave()));
      } catch (error) {
        onSettled({ kind: 'refused', reason: 'uncacheable', status: 500 }); // a query parser refused, as it would have in the handler
        return next(error);
      }
      next();
    });
  }

  #send(asked: Asked, stored: StoredResponse): void {
    const { req, res, resource, key } = asked;
    this.#variants?.use(resource, key);
    const { name, clock, cache } = this.#policy;
    if (res.headersSent) return; // by whoever waited no longer
    const isCollapsed = this.#made.has(stored);
    try {
      sendStored(req, res, stored, { name, nowMs: clock.epoch(), isCollapsed });
      const isStale = ageOf(stored, clock.epoch()) > stored.freshForMs;
      this.#count(req, resultOf(isCollapsed, isStale));
    } catch (error) {
      cache.logger.warn({ err: error, route: routeOf(req) }, 'a stored response could not be sent');
      this.#count(req, 'error');
      if (res.headersSent) res.destroy();
      else asked.next();
    }
  }

  /** A variant that has made room for another. */
  async #drop(key: string): Promise<void> {
    try {
      await this.#responses.invalidate(key);
    } catch (error) {
      this.#policy.cache.logger.warn({ err: error }, 'a variant that made room for another was not dropped');
    }
  }

  #suits({ req, res, wishes }: Asked, stored: StoredResponse): boolean {
    const { clock, graceMs } = this.#policy;
    if (!isForRequest(req, res, stored.echoes, this.#policy)) return false;
    const ageMs = ageOf(stored, clock.epoch());
    if (graceMs > 0 && !stored.allowsStale && ageMs > stored.freshForMs) return false;
    return wishes === NO_WISHES || satisfies(wishes, ageMs, stored.freshForMs);
  }

  #knownTags({ url }: Asked): string[] {
    const { type, dropsOnUnsafe } = this.#policy;
    const tags = dropsOnUnsafe ? [url.pathTag] : [];
    if (type !== undefined) tags.push(type);
    return tags;
  }

  /** Leaves a request to its handler, which sees it as it came. */
  #forward(req: Request, res: Response, next: NextFunction, how: { why: 'bypass' | 'method'; detail?: Reason }): void {
    hideTags(res);
    if (!res.headersSent) appendTo(res, 'Cache-Status', [cacheStatus(this.#policy.name, { kind: 'forward', ...how })]);
    this.#count(req, 'bypass');
    next();
  }

  #count(req: Request, result: Result): void {
    this.#traffic.count(routeOf(req), result);
  }

  #warnOnce(req: Request, message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#policy.cache.logger.warn({ route: routeOf(req) }, message);
  }
}

/** Nobody is left to answer: the client has gone, or a middleware (a timeout) has answered meanwhile. */
function isDone(res: Response): boolean {
  return res.destroyed || res.writableEnded;
}

function resultOf(isCollapsed: boolean, isStale: boolean): Result {
  if (isCollapsed) return 'collapsed';
  return isStale ? 'stale' : 'hit';
}

/** The pattern of the route, for logs and metrics: never a URL. */
function routeOf(req: Request): string {
  const path: unknown = (req.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : 'unnamed';
}
