import type { Duration, LoaderContext, OutputOf, Schema, TypedCache } from '@huntly/cache-core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { type Asked, Questions } from './asked.ts';
import { Bypass } from './bypass.ts';
import { type CacheOutcome, cacheStatus } from './cache-status.ts';
import type { RunOutcome } from './handler-run.ts';
import { appendTo } from './headers.ts';
import { HitForMiss } from './hit-for-miss.ts';
import { isHeld } from './hold.ts';
import { Line } from './line.ts';
import { endOfArrivals } from './loop-turn.ts';
import { type CacheResponseOptions, type RoutePolicy, routePolicy } from './options.ts';
import { Refreshes } from './refreshes.ts';
import { isOverridden, isUnsafe, mayUseCache } from './request-rules.ts';
import { rerunOf } from './rerun.ts';
import { responsesOf } from './response-type.ts';
import { nextScope, RouteKey } from './route-key.ts';
import { routeOf } from './route-name.ts';
import { runHandler } from './run-handler.ts';
import { PERSONAL } from './storable.ts';
import { type Sendable, StoredAnswers } from './stored-answers.ts';
import type { StoredResponse } from './stored-response.ts';
import { type Result, type Traffic, trafficOf } from './traffic.ts';
import { dropWhenDone } from './unsafe-methods.ts';
import { Variants } from './variants.ts';

/** A handler may say more. RFC 9111 §1.2.2 */
const MAX_TTL_MS = 2 ** 31 * 1000;
/** A response that failed is tried again soon. */
const FAILURE_MS = 1_000;
/** Leads that may be lost with their clients, before the handler is taken to fail. */
const MAX_TRIES = 1;

const CREDENTIALS =
  'requests with Authorization, Cookie, `req.user`, `req.auth` or a TLS certificate are not cached: give cacheResponse `shared: true` if the response does not depend on who asks, or `identity` to keep it per user';

/**
 * A handler after which `req.query` is what a schema has made of the query. Among handlers that are typed with the
 * query of Express, it is one of them: a route has one type for all.
 */
export type QueryHandler<Query> = RequestHandler &
  RequestHandler<Request['params'], Request['body'], Request['body'], Query>;

/**
 * Caches the responses of a route. What may not be shared, stored or reused by RFC 9111 is not; the handler sees
 * nothing that the key leaves out; one handler runs for all who ask at once, in however many processes; a cache in
 * trouble costs no request its answer.
 * @throws CacheConfigError with everything that is wrong with the options.
 * @example app.get('/leads', cacheResponse({ cache, ttl: '5m', query: ['q', 'page'], shared: true }), handler);
 */
export function cacheResponse<S extends Schema>(
  options: CacheResponseOptions & { readonly query: S },
): QueryHandler<OutputOf<S>>;
export function cacheResponse(options: CacheResponseOptions): RequestHandler;
export function cacheResponse(options: CacheResponseOptions): RequestHandler {
  const handler: RequestHandler = (req, res, next) => void route.answer(req, res, next).catch(next);
  const policy = routePolicy(options);
  const route = new CachedRoute(policy, new RouteKey(handler, policy.scope ?? nextScope(policy.cache)));
  return handler;
}

/**
 * What became of a claim. `led`: the handler has answered this request. `nothing`: those who waited get no response.
 */
type Found = ({ readonly kind: 'stored' } & Sendable) | { readonly kind: 'led' | 'nothing' | 'failure' };

class CachedRoute {
  readonly #policy: RoutePolicy;
  readonly #responses: TypedCache<StoredResponse>;
  readonly #bypass: Bypass;
  readonly #answers: StoredAnswers;
  readonly #questions: Questions;
  readonly #hitForMiss: HitForMiss;
  readonly #line: Line;
  /** `undefined`: there is one of each URL. */
  readonly #variants: Variants | undefined;
  readonly #traffic: Traffic;
  /** Responses that a handler of this process has just made: a request that gets one has waited for it. */
  readonly #made = new WeakSet<StoredResponse>();
  readonly #refreshes: Refreshes;
  readonly #grace: Duration;
  /** What is left of the time that a response is fresh. */
  readonly #ttlOf = ({ freshForMs, generatedAtMs }: StoredResponse): Duration => {
    const leftMs = freshForMs - (this.#policy.clock.epoch() - generatedAtMs);
    return `${Math.min(Math.max(1, Math.round(leftMs)), MAX_TTL_MS)}ms`;
  };

  constructor(policy: RoutePolicy, routeKey: RouteKey) {
    this.#policy = policy;
    this.#traffic = trafficOf(policy.cache);
    this.#bypass = new Bypass(policy, this.#traffic);
    this.#responses = responsesOf(policy.cache);
    this.#answers = new StoredAnswers(policy, this.#traffic);
    this.#questions = new Questions(policy, routeKey, this.#bypass);
    this.#hitForMiss = new HitForMiss(policy.clock);
    this.#line = new Line(policy.clock);
    if (policy.vary.size > 0) {
      this.#variants = new Variants(policy.clock, policy.maxVariants, (key) => void this.#drop(key));
    }
    this.#refreshes = new Refreshes({
      policy,
      traffic: this.#traffic,
      drop: (key) => this.#responses.invalidate(key),
      run: (...args) => this.#runAgain(...args),
    });
    this.#grace = policy.graceMs === 0 ? 0 : `${policy.graceMs}ms`;
  }

  async answer(req: Request, res: Response, next: NextFunction): Promise<void> {
    const { cache, clock, dropsOnUnsafe, audience } = this.#policy;
    if (isHeld(req) || res.headersSent) return next();
    const again = rerunOf(req);
    if (again) {
      if (again.owner !== this.#refreshes) return next();
      return again.reached(req, res, next);
    }
    if (dropsOnUnsafe && isUnsafe(req.method)) dropWhenDone(req, res, { cache, clock, traffic: this.#traffic });
    if ((req.method !== 'GET' && req.method !== 'HEAD') || isOverridden(req))
      return this.#bypass.forward(req, res, next, { why: 'method' });
    if (!cache.enabled) return this.#bypass.forward(req, res, next, { why: 'bypass', detail: 'disabled' });
    const verdict = mayUseCache(req, audience);
    if (!verdict.allowed) {
      if (verdict.reason === 'credentials') this.#bypass.warnOnce(req, CREDENTIALS);
      return this.#bypass.forward(req, res, next, { why: 'bypass', detail: verdict.reason });
    }
    const asked = await this.#questions.ask(req, res, next);
    if (asked) await this.#serve(asked);
  }

  async #serve(asked: Asked, tries = 0): Promise<void> {
    const { req, res, wishes, key } = asked;
    if (wishes.onlyIfCached || req.method === 'HEAD') return this.#serveStoredOnly(asked);
    if (wishes.bypass) return void this.#alone(asked, { kind: 'forward', why: 'request' }, 'bypass');
    if (this.#hitForMiss.of(key)) return this.#serveUnstored(asked);
    const found = await this.#claim(asked);
    if (found.kind === 'led' || isDone(res)) return; // answered by the handler itself, or the client has gone
    if (found.kind === 'stored' && this.#answers.suit(asked, found.response)) return this.#send(asked, found);
    if (found.kind === 'stored') return void this.#alone(asked, { kind: 'forward', why: 'request' }, 'bypass');
    if (found.kind === 'nothing' && !this.#hitForMiss.of(key)) {
      // The client of the handler left, which says nothing of the response: one of those who waited leads the others.
      // But not again and again.
      if (tries < MAX_TRIES) return this.#serve(asked, tries + 1);
      this.#hitForMiss.remember(key, FAILURE_MS, 'failed');
    }
    return this.#serveUnstored(asked);
  }

  /** A stored response, or one that a handler is making, here or in another process; or this request leads. */
  async #claim(asked: Asked): Promise<Found> {
    const { req, res, key } = asked;
    const { clock } = this.#policy;
    let isLeader = false;
    try {
      await endOfArrivals();
      if (isDone(res)) return { kind: 'nothing' };
      const askedAt = clock.now();
      const load = ({ previous }: LoaderContext<StoredResponse>) => {
        if (previous !== undefined) return this.#refreshes.load(asked);
        if (this.#hitForMiss.of(key)) return undefined; // this request is answered otherwise by now
        isLeader = true;
        this.#traffic.timed('read', clock.now() - askedAt);
        return this.#lead(asked);
      };
      const response = await this.#hitForMiss.unlessRemembered(key, () =>
        this.#responses.getOrSet(key, load as () => Promise<StoredResponse>, {
          // `undefined` means "do not cache"
          grace: this.#grace,
          ttl: this.#ttlOf,
          tags: this.#knownTags(asked),
        }),
      );
      if (isLeader) return { kind: 'led' };
      if (response === undefined) return { kind: 'nothing' };
      const isCollapsed = this.#made.has(response);
      if (!isCollapsed) this.#traffic.timed('read', clock.now() - askedAt); // else the time is that of a handler
      return { kind: 'stored', response, isCollapsed };
    } catch (error) {
      this.#policy.cache.logger.warn({ err: error, route: routeOf(req) }, 'the cache failed: the handler answers');
      return { kind: isLeader ? 'led' : 'failure' };
    }
  }

  /**
   * Runs the handler for a request whose response no other can have: at once, or a few at a time where it failed a
   * moment ago.
   */
  async #serveUnstored(asked: Asked): Promise<void> {
    const { res, key, until } = asked;
    const bypass: CacheOutcome = { kind: 'forward', why: 'bypass', detail: 'uncacheable' };
    const patienceMs = until - this.#policy.clock.now();
    if (this.#hitForMiss.of(key) !== 'failed' || patienceMs <= 0) return void this.#alone(asked, bypass, 'bypass');
    const endTurn = await this.#line.turn(key, patienceMs);
    try {
      if (isDone(res)) return;
      if (this.#hitForMiss.of(key) === 'failed' || this.#policy.clock.now() >= until) {
        const outcome = await this.#alone(asked, bypass, 'bypass');
        const hasAnswered = outcome.kind === 'refused' && outcome.reason === 'uncacheable' && outcome.status < 500;
        if (hasAnswered) this.#hitForMiss.forget(key); // those behind may share a response again
        return;
      }
    } finally {
      endTurn();
    }
    return this.#serve(asked);
  }

  /** For HEAD, and for clients that want nothing else: the handler's GET is never run. */
  async #serveStoredOnly(asked: Asked): Promise<void> {
    const { res, key, wishes } = asked;
    const stored = wishes.bypass ? undefined : await this.#responses.get(key).catch(() => undefined);
    if (isDone(res)) return;
    if (stored && this.#answers.suit(asked, stored)) return this.#send(asked, { response: stored, isCollapsed: false });
    if (!wishes.onlyIfCached) return void this.#alone(asked, { kind: 'forward', why: 'uri-miss' }, 'miss');
    if (res.headersSent) return; // by middleware that stopped waiting, such as a timeout
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
      this.#hitForMiss.remember(key, hitForMissMs, 'unstorable');
      void this.#alone(asked, { kind: 'forward', why: 'bypass', detail: 'variants' }, 'bypass');
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
    if (status >= 500) this.#hitForMiss.remember(key, FAILURE_MS, 'failed');
    else if (!PERSONAL.has(reason)) this.#hitForMiss.remember(key, hitForMissMs, 'unstorable');
    return undefined;
  }

  /** The request that refreshes a response has come to its route again. @throws if it asks something else by now */
  async #runAgain(key: string, req: Request, res: Response, next: NextFunction): Promise<RunOutcome> {
    const again = await this.#questions.ask(req, res, next);
    if (again?.key === key) return this.#run(again, undefined);
    if (again) next();
    throw new Error('The refresh of a response did not ask what its first request asked.');
  }

  /** Runs the handler for this request only. */
  #alone(asked: Asked, outcome: CacheOutcome, result: Result): Promise<RunOutcome> {
    this.#count(asked.req, result);
    return this.#run(asked, outcome);
  }

  #run(asked: Asked, outcome: CacheOutcome | undefined): Promise<RunOutcome> {
    const { req, res, next } = asked;
    return runHandler(this.#policy, asked, outcome, {
      warnOnce: (message) => this.#bypass.warnOnce(req, message),
      forward: () => this.#bypass.forward(req, res, next, { why: 'bypass', detail: 'uncacheable' }),
    });
  }

  #send(asked: Asked, found: Sendable): void {
    this.#variants?.use(asked.resource, asked.key);
    this.#answers.send(asked, found);
  }

  /** A variant that has made room for another. */
  async #drop(key: string): Promise<void> {
    try {
      await this.#responses.invalidate(key);
    } catch (error) {
      this.#policy.cache.logger.warn({ err: error }, 'a variant that made room for another was not dropped');
    }
  }

  #knownTags({ url }: Asked): string[] {
    const { type, dropsOnUnsafe } = this.#policy;
    const tags = dropsOnUnsafe ? [url.pathTag] : [];
    if (type !== undefined) tags.push(type);
    return tags;
  }

  #count(req: Request, result: Result): void {
    this.#traffic.count(routeOf(req), result);
  }
}

/** Is there no client left to answer? It has gone, or middleware (a timeout) has answered it meanwhile. */
function isDone(res: Response): boolean {
  return res.destroyed || res.writableEnded;
}
