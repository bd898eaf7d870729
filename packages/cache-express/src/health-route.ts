import {
  type Cache,
  type CacheHealth,
  type Clock,
  type Duration,
  MAX_WAIT,
  systemClock,
  toMilliseconds,
} from '@huntly/cache-core';
import type { RequestHandler, Response } from 'express';
import { Checks } from './checks.ts';
import { type HealthBody, type HealthStatus, healthBody } from './health-body.ts';
import { isAllowed, type Permission } from './permission.ts';
import { refuseOtherMethods } from './read-only.ts';

export interface HealthRouteOptions {
  /** The service cannot do without the cache: when it is down, `ready` answers 503. @default false: it only warns */
  readonly required?: boolean | undefined;
  /** Which requests are shown more than the status: only where this returns `true`. @default none */
  readonly details?: Permission | undefined;
  /** How long the store may take to answer. @default '250ms' */
  readonly deadline?: Duration | undefined;
  /** How long an answer is reused for further requests. @default '2s' */
  readonly remember?: Duration | undefined;
  /**
   * The probe in a row, not counting those that are remembered, at which a `required` cache that an earlier probe found
   * up is `fail`: until then it is `warn`, so that one slow answer takes no service away. One that no probe has found
   * up yet is `fail` at once. @default 2
   */
  readonly failAfter?: number | undefined;
  readonly serviceId?: string | undefined;
  readonly description?: string | undefined;
  /** For tests. @default systemClock */
  readonly clock?: Clock | undefined;
}

const OPTIONS = [
  'required',
  'details',
  'deadline',
  'remember',
  'failAfter',
  'serviceId',
  'description',
] satisfies (keyof HealthRouteOptions)[];

/** A handler in itself, the same as its `detail`. */
export interface HealthRoute extends RequestHandler {
  /** Is the process alive? Never asks the cache: restarting a service does not mend a store. */
  readonly live: RequestHandler;
  /** May the service be asked? The status alone. */
  readonly ready: RequestHandler;
  /** As `ready`, with the checks for whom `details` allows. */
  readonly detail: RequestHandler;
}

type Checked = Pick<Cache, 'healthCheck'> & Partial<Pick<Cache, 'logger'>>;

/**
 * Health as `application/health+json`. A cache that is down makes the service slower, not ill: `warn` and 200, unless
 * it is `required`.
 * @throws CacheConfigError with everything that is wrong with the arguments
 * @example app.get('/health/cache', healthRoute(cache));
 */
export function healthRoute(cache: Checked, options: HealthRouteOptions = {}): HealthRoute {
  const { required = false, details = () => false, failAfter = 2, serviceId, description } = checked(cache, options);
  const probe = new Probe(cache, options);
  const about = { serviceId, description };

  const live: RequestHandler = (req, res) => {
    if (!refuseOtherMethods(req, res)) answer(res, { status: 'pass' });
  };
  const report = (permission: Permission): RequestHandler => {
    return async (req, res, next) => {
      try {
        if (refuseOtherMethods(req, res)) return;
        const found = await probe.ask();
        const status = statusOf(found, required, failAfter);
        answer(res, (await isAllowed(req, permission)) ? healthBody(status, found, about) : { status });
      } catch (error) {
        next(error); // Express 4 would leave the rejection to the process
      }
    };
  };
  let hasWarned = false;
  const detail = report(async (req) => {
    try {
      return await details(req);
    } catch (error) {
      if (!hasWarned) cache.logger?.warn({ err: error }, 'details of a health route threw: only the status is shown');
      hasWarned = true;
      return false;
    }
  });
  return Object.assign(((req, res, next) => detail(req, res, next)) as RequestHandler, {
    live,
    ready: report(() => false),
    detail,
  });
}

function checked(cache: unknown, options: HealthRouteOptions): HealthRouteOptions {
  const checks = new Checks('healthRoute');
  checks.cache(cache, ['healthCheck']);
  checks.names(options, OPTIONS, ['clock']);
  checks.flag('required', options.required);
  checks.callable('details', options.details, 'the request');
  checks.duration('deadline', options.deadline, MAX_WAIT);
  checks.duration('remember', options.remember, MAX_WAIT);
  checks.wholeNumber('failAfter', options.failAfter);
  checks.text('serviceId', options.serviceId);
  checks.text('description', options.description);
  checks.clock(options.clock);
  checks.done();
  return options;
}

/** The status of an optional cache is never `fail`. */
function statusOf({ health, failures }: Finding, isRequired: boolean, failAfter: number): HealthStatus {
  if (health?.status === 'pass') return 'pass';
  return isRequired && failures >= failAfter ? 'fail' : 'warn';
}

function isDown(health: CacheHealth | undefined): boolean {
  return health === undefined || health.store.state !== 'ready' || health.latencyMs === undefined;
}

function answer(res: Response, body: HealthBody): void {
  res.status(body.status === 'fail' ? 503 : 200);
  res.set('Cache-Control', 'no-store').type('application/health+json').send(JSON.stringify(body));
}

/** What a probe found, and when. */
export interface Finding {
  /** `undefined`: no answer within the deadline. */
  readonly health: CacheHealth | undefined;
  /** How many probes in a row, this one included, have found the cache down; infinite until one has found it up. */
  readonly failures: number;
  readonly atMs: number;
  readonly tookMs: number;
}

/**
 * Asks the cache once for all requests of the same moment, and of a while after: a flood of probes does not reach the
 * store.
 */
class Probe {
  readonly #cache: Pick<Cache, 'healthCheck'>;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #rememberMs: number;
  #failures = Number.POSITIVE_INFINITY;
  #last: { readonly finding: Promise<Finding>; readonly until: number } | undefined;

  constructor(cache: Pick<Cache, 'healthCheck'>, { clock, deadline, remember }: HealthRouteOptions) {
    this.#cache = cache;
    this.#clock = clock ?? systemClock;
    this.#deadlineMs = toMilliseconds('deadline', deadline ?? '250ms');
    this.#rememberMs = toMilliseconds('remember', remember ?? '2s');
  }

  /** Never rejects. */
  ask(): Promise<Finding> {
    const now = this.#clock.now();
    if (this.#last === undefined || this.#last.until <= now) {
      this.#last = { finding: this.#find(), until: now + this.#rememberMs };
    }
    return this.#last.finding;
  }

  #find(): Promise<Finding> {
    const beganAt = this.#clock.now();
    const answer = new Promise<CacheHealth | undefined>((resolve) => {
      const cancel = this.#clock.after(this.#deadlineMs, () => resolve(undefined), { background: true });
      this.#cache
        .healthCheck()
        .then(resolve)
        .catch(() => resolve(undefined))
        .finally(cancel);
    });
    return answer.then((health) => {
      this.#failures = isDown(health) ? this.#failures + 1 : 0;
      const tookMs = Math.round((this.#clock.now() - beganAt) * 100) / 100;
      return { health, failures: this.#failures, atMs: this.#clock.epoch(), tookMs };
    });
  }
}
