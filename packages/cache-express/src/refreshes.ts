import type { NextFunction, Request, Response } from 'express';
import type { RunOutcome } from './handler-run.ts';
import type { RoutePolicy } from './options.ts';
import { rerun } from './rerun.ts';
import { routeOf } from './route-name.ts';
import { PERSONAL } from './storable.ts';
import type { StoredResponse } from './stored-response.ts';
import type { Traffic } from './traffic.ts';

/** One failure is what a stored response is kept for. From the second one in a row on something is wrong. */
const WARN_FROM = 2;

export interface RefreshParts {
  readonly policy: RoutePolicy;
  readonly traffic: Traffic;
  /** Ends a stored response. */
  readonly drop: (key: string) => Promise<unknown>;
  /** What the route does once the request for this key has come to it again. */
  readonly run: (key: string, req: Request, res: Response, next: NextFunction) => Promise<RunOutcome>;
}

/** The background refreshes of one cached route. */
export class Refreshes {
  readonly #parts: RefreshParts;
  #failedInARow = 0;
  #warnAt = WARN_FROM;

  constructor(parts: RefreshParts) {
    this.#parts = parts;
  }

  /**
   * Runs the handler for a stale response that others get meanwhile. A handler that fails leaves it; one that now
   * answers what may not be stored ends it.
   * @throws if there is no newer answer
   */
  async load(asked: { readonly req: Request; readonly key: string }): Promise<StoredResponse | undefined> {
    try {
      const response = await this.#rerun(asked.req, asked.key);
      this.#failedInARow = 0;
      this.#warnAt = WARN_FROM;
      return response;
    } catch (error) {
      this.#failed(asked.req, error);
      throw error;
    }
  }

  async #rerun(req: Request, key: string): Promise<StoredResponse | undefined> {
    const { policy, traffic, run, drop } = this.#parts;
    const { clock, timeoutMs } = policy;
    const outcome = await rerun({ req, owner: this, clock, timeoutMs, run: (...args) => run(key, ...args) });
    if (outcome.kind === 'storable') {
      traffic.stored(routeOf(req), outcome.response.body.length);
      return outcome.response;
    }
    const { reason, status } = outcome;
    traffic.skip(routeOf(req), reason);
    if (status >= 500 || reason === 'timeout' || PERSONAL.has(reason))
      throw new Error(`The refresh of a response failed: ${reason}, status ${status}.`);
    await drop(key);
    return undefined;
  }

  /**
   * Clients notice nothing until the grace of the responses ends. Warns of the second failure in a row, the fourth, the
   * eighth and so on.
   */
  #failed(req: Request, err: unknown): void {
    this.#failedInARow++;
    if (this.#failedInARow < this.#warnAt) return;
    this.#warnAt *= 2;
    this.#parts.policy.cache.logger.warn(
      { err, route: routeOf(req), failures: this.#failedInARow },
      'stored responses cannot be refreshed: they are served until their grace ends. Does middleware refuse or break requests that the cache sends itself (isRefresh)?',
    );
  }
}
