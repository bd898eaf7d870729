import type { NextFunction, Request, Response } from 'express';
import { type AskedUrl, AskedUrls } from './asked-url.ts';
import { type Hold, takeHold } from './hold.ts';
import type { RoutePolicy } from './options.ts';
import { requestKey, resourceKey } from './request-key.ts';
import { type ClientWishes, clientWishes, NO_WISHES } from './request-rules.ts';
import type { RouteKey } from './route-key.ts';
import { keyedHeaders } from './vary.ts';
import { whoAsks } from './who-asks.ts';

/** A request that may be answered from the cache, and what it asks for. */
export interface Asked {
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
  /** On the clock of the process: it waits no longer for others. */
  readonly until: number;
}

/** Tells what the requests of one cached route ask for. */
export class Questions {
  readonly #policy: RoutePolicy;
  readonly #routeKey: RouteKey;
  readonly #urls: AskedUrls;
  readonly #warnOnce: (req: Request, message: string) => void;

  constructor(policy: RoutePolicy, routeKey: RouteKey, warnOnce: (req: Request, message: string) => void) {
    this.#policy = policy;
    this.#warnOnce = warnOnce;
    this.#routeKey = routeKey;
    this.#urls = new AskedUrls(policy.query);
  }

  /**
   * A text says what cannot be told: who asks, or to which place.
   * @throws BadQueryError, or what a function of the route throws
   */
  async of(req: Request, res: Response, next: NextFunction): Promise<Asked | 'identity' | 'place' | 'scope'> {
    const { vary, honoursClients, clock, timeoutMs } = this.#policy;
    const hold = takeHold(req);
    const identity = whoAsks(req, this.#policy, (message) => this.#warnOnce(req, message));
    if (identity === null) return 'identity';
    const route = this.#routeKey.of(req, next);
    if (typeof route === 'string') return route;
    const asked = this.#urls.of(req, route);
    const url = asked instanceof Promise ? await asked : asked;
    const headers = keyedHeaders(req.headers, vary);
    const key = requestKey({ url: url.key, headers, identity });
    const wishes = honoursClients ? clientWishes(req.headers) : NO_WISHES;
    const resource = resourceKey(url.key, identity);
    const until = clock.now() + timeoutMs;
    return { req, res, next, hold, key, resource, url, headers, wishes, until };
  }
}
