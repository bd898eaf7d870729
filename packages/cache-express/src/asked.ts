import type { NextFunction, Request, Response } from 'express';
import { type AskedUrl, AskedUrls } from './asked-url.ts';
import type { Bypass } from './bypass.ts';
import { type Hold, takeHold } from './hold.ts';
import type { RoutePolicy } from './options.ts';
import { BadQueryError } from './query.ts';
import { requestKey, resourceKey } from './request-key.ts';
import { type ClientWishes, clientWishes, NO_WISHES } from './request-rules.ts';
import type { RouteKey } from './route-key.ts';
import { routeOf } from './route-name.ts';
import { keyedHeaders } from './vary.ts';
import { whoAsks } from './who-asks.ts';

/** A request that may be answered from the cache, and what it asks for. */
export interface Asked {
  readonly req: Request;
  readonly res: Response;
  readonly next: NextFunction;
  readonly hold: Hold;
  readonly key: string;
  /** The part of the key that all variants of the URL share. */
  readonly resource: string;
  readonly url: AskedUrl;
  readonly headers: Readonly<Record<string, string>>;
  readonly wishes: ClientWishes;
  /** When it stops waiting for other requests, on the clock of the process. */
  readonly until: number;
}

/** What cannot be told of a request: who asks, or to which place. */
type Untold = 'identity' | 'place' | 'scope';

const UNTOLD = {
  place:
    'requests are not cached, as it cannot be told which route they come to: this cacheResponse is used in several places or apps, or behind a function that chooses a router or calls it; make one for each place, or give it a `scope`: a name, or a function of the request that tells the places apart',
  scope:
    'requests are not cached whose `scope` is neither a text that is not empty nor a number; it cannot be a promise',
};

/** Tells what the requests of one cached route ask for. */
export class Questions {
  readonly #policy: RoutePolicy;
  readonly #routeKey: RouteKey;
  readonly #urls: AskedUrls;
  readonly #bypass: Bypass;

  constructor(policy: RoutePolicy, routeKey: RouteKey, bypass: Bypass) {
    this.#policy = policy;
    this.#bypass = bypass;
    this.#routeKey = routeKey;
    this.#urls = new AskedUrls(policy.query);
  }

  /** `undefined` where the request was dealt with: left to its handler, or refused. */
  async ask(req: Request, res: Response, next: NextFunction): Promise<Asked | undefined> {
    try {
      const found = this.#of(req, res, next);
      const asked = found instanceof Promise ? await found : found;
      if (typeof asked !== 'string') return asked;
      if (asked !== 'identity') this.#bypass.warnOnce(req, UNTOLD[asked]);
      this.#bypass.forward(req, res, next, { why: 'bypass', detail: asked === 'identity' ? asked : 'route' });
    } catch (error) {
      if (error instanceof BadQueryError) next(error);
      else {
        this.#policy.cache.logger.warn({ err: error, route: routeOf(req) }, 'a request has no key and is not cached');
        this.#bypass.forward(req, res, next, { why: 'bypass', detail: 'uncacheable' });
      }
    }
    return undefined;
  }

  /**
   * A text in place of the result says what cannot be determined: the user, the route, or the `scope`.
   * @throws BadQueryError, or what a function of the route throws
   */
  #of(req: Request, res: Response, next: NextFunction): Asked | Untold | Promise<Asked> {
    const { vary, honoursClients, clock, timeoutMs } = this.#policy;
    const hold = takeHold(req);
    const identity = whoAsks(req, this.#policy, (message) => this.#bypass.warnOnce(req, message));
    if (identity === null) return 'identity';
    const route = this.#routeKey.of(req, next);
    if (typeof route === 'string') return route;
    const asked = this.#urls.of(req, route);
    const headers = keyedHeaders(req.headers, vary);
    const wishes = honoursClients ? clientWishes(req.headers) : NO_WISHES;
    const until = clock.now() + timeoutMs;
    const of = (url: AskedUrl): Asked => {
      const key = requestKey({ url: url.key, headers, identity });
      const resource = resourceKey(url.key, identity);
      return { req, res, next, hold, key, resource, url, headers, wishes, until };
    };
    return asked instanceof Promise ? asked.then(of) : of(asked);
  }
}
