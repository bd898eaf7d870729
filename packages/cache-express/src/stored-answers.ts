import type { Asked } from './asked.ts';
import { isForRequest } from './echo-finder.ts';
import type { RoutePolicy } from './options.ts';
import { NO_WISHES, satisfies } from './request-rules.ts';
import { routeOf } from './route-name.ts';
import { ageOf, sendStored } from './send-stored.ts';
import type { StoredResponse } from './stored-response.ts';
import type { Result, Traffic } from './traffic.ts';

export interface Sendable {
  readonly response: StoredResponse;
  /** This request has waited for the handler that made it. */
  readonly isCollapsed: boolean;
}

/** Answers the requests of one cached route with stored responses. */
export class StoredAnswers {
  readonly #policy: RoutePolicy;
  readonly #traffic: Traffic;

  constructor(policy: RoutePolicy, traffic: Traffic) {
    this.#policy = policy;
    this.#traffic = traffic;
  }

  /** May this response answer this request? */
  suit({ req, res, wishes }: Asked, stored: StoredResponse): boolean {
    const { clock, graceMs } = this.#policy;
    if (!isForRequest(req, res, stored.echoes, this.#policy)) return false;
    const ageMs = ageOf(stored, clock.epoch());
    if (graceMs > 0 && !stored.allowsStale && ageMs > stored.freshForMs) return false;
    return wishes === NO_WISHES || satisfies(wishes, ageMs, stored.freshForMs);
  }

  /**
   * Does nothing if the request was answered while it waited; leaves it to its handler if the response cannot be sent.
   */
  send({ req, res, next }: Asked, { response: stored, isCollapsed }: Sendable): void {
    const { name, clock, cache } = this.#policy;
    if (res.headersSent) return;
    try {
      const nowMs = clock.epoch();
      sendStored(req, res, stored, { name, nowMs, isCollapsed });
      this.#traffic.count(routeOf(req), resultOf(isCollapsed, ageOf(stored, nowMs) > stored.freshForMs));
    } catch (error) {
      cache.logger.warn({ err: error, route: routeOf(req) }, 'a stored response could not be sent');
      this.#traffic.count(routeOf(req), 'error');
      if (res.headersSent) res.destroy();
      else next();
    }
  }
}

function resultOf(isCollapsed: boolean, isStale: boolean): Result {
  if (isCollapsed) return 'collapsed';
  return isStale ? 'stale' : 'hit';
}
