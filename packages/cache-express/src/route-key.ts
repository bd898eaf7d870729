import { perCache } from '@huntly/cache-core';
import type { NextFunction, Request, RequestHandler } from 'express';
import { declareHandler, type Place, placesIn } from './app-places.ts';

/**
 * Which `cacheResponse` of a cache this is, in the order that they are made: the same in all processes that declare the
 * same routes.
 */
export function nextScope(cache: object): number {
  return perCache(cache, 'cache-express/scopes', () => ({ next: 0 })).next++;
}

const SEVERAL = {};

/** Which route a request comes to, as its key says it. */
export interface AskedRoute {
  /** The option `scope`, what it returned, or of `nextScope`. */
  readonly scope: string | number;
  readonly route: string;
}

export type Scope = string | number | ((req: Request) => unknown);

/**
 * Tells which place of its app a handler runs in. `next('route')` takes one URL to one route or another, and a function
 * may choose the router that answers, by whatever they look at: what cannot be told could be the response of another
 * tenant (P6).
 */
export class RouteKey {
  readonly #handler: RequestHandler;
  readonly #scope: Scope;
  /** The only app that was seen with this place, or that there were several: one app for each tenant. */
  readonly #apps = new Map<string, object>();

  /** `scope`: a number is one of `nextScope`; what an author gives is a text, or a function that returns it. */
  constructor(handler: RequestHandler, scope: Scope) {
    this.#handler = handler;
    this.#scope = scope;
    declareHandler(handler);
  }

  /** `next` is that of the handler. A text says why it cannot be told. */
  of(req: Request, next: NextFunction): AskedRoute | 'place' | 'scope' {
    const scope = typeof this.#scope === 'function' ? scopeOf(this.#scope(req)) : this.#scope;
    if (scope === undefined) return 'scope';
    const route = typeof scope === 'number' ? this.#told(req, next) : this.#named(req, next);
    return route === undefined ? 'place' : { scope, route };
  }

  /** Only where it can be no other place, in no other app. */
  #told(req: Request, next: NextFunction): string | undefined {
    const { text } = this.#placeOf(req, next) ?? {};
    if (text === undefined) return undefined;
    const known = this.#apps.get(text);
    if (known === req.app) return text;
    this.#apps.set(text, known ? SEVERAL : req.app);
    return known ? undefined : text;
  }

  /** Where the author says what tells the places apart, the pattern is as good. */
  #named(req: Request, next: NextFunction): string {
    const { text } = this.#placeOf(req, next) ?? {};
    const { path }: { readonly path?: unknown } = (isInRoute(req, next) ? req.route : undefined) ?? {};
    return text ?? JSON.stringify([String(path)]);
  }

  /** The only place that it can be. */
  #placeOf(req: Request, next: NextFunction): Place | undefined {
    const inRoute = isInRoute(req, next);
    const { route, baseUrl }: { readonly route?: unknown; readonly baseUrl: string } = req;
    let only: Place | undefined;
    for (const place of placesIn(req.app).of(this.#handler)) {
      if (place.isInRoute !== inRoute) continue;
      if (place.routes?.has(route) === false) continue;
      if (place.base !== undefined && place.base !== baseUrl && place.base !== baseUrl.toLowerCase()) continue;
      if (only) return undefined;
      only = place;
    }
    return only;
  }
}

/**
 * A route hands its handlers a `next` of its own; that of their router is in the request. `req.route` alone may be one
 * that has passed it on.
 */
function isInRoute(req: Request, next: NextFunction): boolean {
  return next !== req.next;
}

/** `undefined` for what tells nothing. */
function scopeOf(scope: unknown): string | undefined {
  const text = Number.isFinite(scope) ? String(scope) : scope;
  if (text instanceof Promise) text.catch(() => undefined); // the request is not cached in either case
  return typeof text === 'string' && text !== '' ? text : undefined;
}
