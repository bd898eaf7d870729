import type { NextFunction, Request, RequestHandler } from 'express';
import { declareHandler, type Place, placesIn } from './app-places.ts';

const SCOPES = new WeakMap<object, number>();

/** Which `cacheResponse` of a cache this is, in the order that they are made: the same in all processes that declare the same routes. */
export function nextScope(cache: object): number {
  const scope = SCOPES.get(cache) ?? 0;
  SCOPES.set(cache, scope + 1);
  return scope;
}

/**
 * Tells which place of its app a handler runs in. `next('route')` takes one URL to one route or another, and a function may choose the router
 * that answers, by whatever they look at: what cannot be told could be the response of another tenant (P6).
 */
export class RouteKey {
  readonly #handler: RequestHandler;
  /** The only app that was seen with this place, or that there were several: one app for each tenant. */
  readonly #apps = new Map<string, object | 'several'>();

  constructor(handler: RequestHandler) {
    this.#handler = handler;
    declareHandler(handler);
  }

  /** `undefined`: it cannot be told. `next` is that of the handler. */
  of(req: Request, next: NextFunction): string | undefined {
    const place = this.#placeOf(req, next);
    if (!place) return undefined;
    const known = this.#apps.get(place.text);
    if (known === req.app) return place.text;
    this.#apps.set(place.text, known === undefined ? req.app : 'several');
    return known === undefined ? place.text : undefined;
  }

  /** The same where the author of the route says what tells its places apart: the pattern is as good as the place. */
  scoped(req: Request, next: NextFunction): string {
    const { text } = this.#placeOf(req, next) ?? {};
    if (text !== undefined) return text;
    const { path }: { readonly path?: unknown } = (isInRoute(req, next) ? req.route : undefined) ?? {};
    return JSON.stringify([String(path)]);
  }

  /** The only place that it can be. */
  #placeOf(req: Request, next: NextFunction): Place | undefined {
    const inRoute = isInRoute(req, next);
    const { route, baseUrl }: { readonly route?: unknown; readonly baseUrl: string } = req;
    let only: Place | undefined;
    for (const place of placesIn(req.app).of(this.#handler)) {
      if (place.isInRoute !== inRoute) continue;
      if (place.route !== undefined && place.route !== route) continue;
      if (place.base !== undefined && place.base !== baseUrl && place.base !== baseUrl.toLowerCase()) continue;
      if (only) return undefined;
      only = place;
    }
    return only;
  }
}

/** A route hands its handlers a `next` of its own; that of their router is in the request. `req.route` alone may be one that has passed it on. */
function isInRoute(req: Request, next: NextFunction): boolean {
  return next !== req.next;
}
