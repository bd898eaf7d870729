import type { NextFunction, Request, Response } from 'express';
import { cacheStatus } from './cache-status.ts';
import { appendTo } from './headers.ts';
import type { RoutePolicy } from './options.ts';
import { hideTags } from './response-tags.ts';
import { routeOf } from './route-name.ts';
import type { Reason } from './storable.ts';
import type { Traffic } from './traffic.ts';

/** Leaves requests of one cached route to their handler, and tells its author why. */
export class Bypass {
  readonly #policy: RoutePolicy;
  readonly #traffic: Traffic;
  readonly #warned = new Set<string>();

  constructor(policy: RoutePolicy, traffic: Traffic) {
    this.#policy = policy;
    this.#traffic = traffic;
  }

  /** The handler sees the request as it came. */
  forward(req: Request, res: Response, next: NextFunction, how: { why: 'bypass' | 'method'; detail?: Reason }): void {
    hideTags(res);
    if (!res.headersSent) appendTo(res, 'Cache-Status', [cacheStatus(this.#policy.name, { kind: 'forward', ...how })]);
    this.#traffic.count(routeOf(req), 'bypass');
    next();
  }

  /** Logs what the author can mend: once for each cached route. */
  warnOnce(req: Request, message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#policy.cache.logger.warn({ route: routeOf(req) }, message);
  }
}
