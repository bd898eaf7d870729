import type { Request } from 'express';

/** As much of a router as tells its routes. */
interface Layers {
  readonly stack?: readonly Layer[] | undefined;
}
interface Layer {
  readonly route?: Route | undefined;
  readonly handle?: Layers | undefined;
}
interface Route {
  readonly path?: unknown;
}

const SCOPES = new WeakMap<object, number>();
const KEYS = new WeakMap<Route, string>();

/** Which `cacheResponse` of a cache this is, in the order that they are made: the same in all processes that declare the same routes. */
export function nextScope(cache: object): number {
  const scope = SCOPES.get(cache) ?? 0;
  SCOPES.set(cache, scope + 1);
  return scope;
}

/**
 * Which route of the app answers: its pattern, and how many with this pattern were declared before it. `next('route')` takes one URL to one
 * route or another, by whatever its handlers look at.
 */
export function routeKey(req: Request): string {
  const route: Route | undefined = req.route;
  if (!route) return '';
  let key = KEYS.get(route);
  if (key === undefined) {
    const pattern = String(route.path);
    const alike = [...routesOf(routerOf(req))].filter(({ path }) => String(path) === pattern);
    key = JSON.stringify([pattern, alike.indexOf(route)]);
    KEYS.set(route, key);
  }
  return key;
}

/** Express 4 keeps its router under another name, and throws at this one. */
function routerOf({ app }: Request): Layers | undefined {
  const { _router } = app as unknown as { _router?: Layers };
  return _router ?? (app as unknown as { router?: Layers }).router;
}

/** In the order of their declaration, with those of routers in the router. */
function* routesOf(router: Layers | undefined, seen = new Set<Layers>()): Generator<Route> {
  if (!router?.stack || seen.has(router)) return;
  seen.add(router);
  for (const { route, handle } of router.stack) {
    if (route) yield route;
    else yield* routesOf(handle, seen);
  }
}
