import type { Application, RequestHandler } from 'express';
import { type Layer, type Layers, parentOf, type Route, routerOf } from './express-app.ts';

/** Where in an app a handler stands. */
export interface Place {
  /**
   * The patterns on the way to it, and how many routes of these were declared before: the same in all processes of one
   * program.
   */
  readonly text: string;
  /** What `req.route` can be while the handler runs; `undefined`: it depends on what ran before. */
  readonly routes: ReadonlySet<unknown> | undefined;
  /** Is it a handler of a route, or a middleware of a router? */
  readonly isInRoute: boolean;
  /** The `req.baseUrl` in lower case; `undefined`: it depends on the URL. */
  readonly base: string | undefined;
}

/** The way from the outermost app to a router. */
interface Way {
  readonly patterns: readonly string[];
  readonly base: string | undefined;
}

const ROOT: Way = { patterns: [], base: '' };
/** The name of the function by which Express 4 and 5 mount an app. It does not show which app that is. */
const MOUNTED_APP = 'mounted_app';
/** Paths that match one text only, but for letter case. */
const PLAIN_PATH = /^(?:\/[\w-]+(?:\.[\w-]+)*)*\/?$/;
/** `^\/a\/b\/?(?=\/|$)`: what Express 4 makes of such a path. */
const PLAIN_REGEXP = /^\^((?:\\\/[\w-]+(?:\\\.[\w-]+)*)+)\\\/\?\(\?=\\\/\|\$\)$/;

/** On a handler, in any copy of this package: all copies must count places alike, or two places get one name. */
const HANDLER = Symbol.for('@huntly/cache-express/handler');
/** Each copy of this package walks an app once. All find the same. */
const PLACES = new WeakMap<Application, AppPlaces>();

/** The places of this handler will be looked for. */
export function declareHandler(handler: RequestHandler): void {
  Object.defineProperty(handler, HANDLER, { value: true });
}

/**
 * Where the declared handlers of an app stand. The app is walked once, and again only after a layer was added to it.
 */
export function placesIn(app: Application): AppPlaces {
  let places = PLACES.get(app);
  if (!places?.isCurrent()) {
    places = new AppPlaces(app);
    PLACES.set(app, places);
  }
  return places;
}

class AppPlaces {
  readonly #app: Application;
  readonly #parent: AppPlaces | undefined;
  /** All that was looked into, as it was then. */
  readonly #seen: { readonly layers: Layers; readonly stack: readonly Layer[] | undefined; readonly length: number }[] =
    [];
  readonly #places = new Map<unknown, Place[]>();
  readonly #mounts: Way[] = [];
  readonly #counts = new Map<string, number>();
  #hasApps = false;
  readonly #layerKinds = new Set<object>();

  constructor(app: Application) {
    this.#app = app;
    const parent = parentOf(app);
    this.#parent = parent && placesIn(parent);
    const router = routerOf(app);
    for (const way of this.#parent?.mounts ?? [ROOT]) this.#walk(router, way, new Set());
  }

  /** Stands everything where it stood? */
  isCurrent(): boolean {
    for (const { layers, stack, length } of this.#seen) {
      if (layers.stack !== stack || stack?.length !== length) return false;
    }
    const parent = parentOf(this.#app);
    return parent === this.#parent?.app && (this.#parent?.isCurrent() ?? true);
  }

  get app(): Application {
    return this.#app;
  }

  /** The ways to all apps that are mounted here, in whatever order. */
  get mounts(): readonly Way[] {
    return this.#mounts;
  }

  /** The prototypes of all layers here and in the apps around: each copy of Express has its own. */
  get layerKinds(): readonly object[] {
    return [...this.#layerKinds, ...(this.#parent?.layerKinds ?? [])];
  }

  /** Can a request go on from here to another app? */
  get hasApps(): boolean {
    return this.#hasApps;
  }

  of(handler: RequestHandler): readonly Place[] {
    return this.#places.get(handler) ?? [];
  }

  #walk(router: Layers | undefined, way: Way, above: ReadonlySet<Layers>): void {
    if (!router || above.has(router)) return;
    const around = new Set(above).add(router);
    for (const layer of this.#look(router)) {
      if (layer.route) this.#walkRoute(layer.route, way, around);
      else this.#visit(layer, wayTo(layer, way), around);
    }
  }

  /** A middleware, a router, or an app. */
  #visit({ name, handle }: Layer, way: Way, around: ReadonlySet<Layers>): void {
    if (name === MOUNTED_APP) this.#mounts.push(way);
    if (name === MOUNTED_APP || isApp(handle)) this.#hasApps = true;
    const inner = layersOf(handle);
    if (inner) return this.#walk(inner, way, around);
    // Only what is declared is counted: other middleware come and go with each version of a program.
    if (!isDeclared(handle)) return;
    this.#add(handle, {
      text: this.#numbered([...way.patterns, 'use']),
      routes: undefined,
      isInRoute: false,
      base: way.base,
    });
  }

  #walkRoute(route: Route, { patterns, base }: Way, around: ReadonlySet<Layers>): void {
    const inside = { patterns: [...patterns, String(route.path)], base };
    const text = this.#numbered(inside.patterns);
    // A router among the handlers of a route leaves its own route in `req.route` for those behind it.
    const routes = new Set<unknown>([route]);
    for (const handle of new Set(this.#look(route).map((layer) => layer.handle))) {
      const inner = layersOf(handle);
      if (inner) {
        this.#walk(inner, inside, around);
        addRoutes(inner, routes);
      } else if (isDeclared(handle)) {
        this.#add(handle, { text, routes: new Set(routes), isInRoute: true, base });
      }
    }
  }

  #add(handler: object, place: Place): void {
    const places = this.#places.get(handler);
    if (places) places.push(place);
    else this.#places.set(handler, [place]);
  }

  #numbered(patterns: readonly string[]): string {
    const text = JSON.stringify(patterns);
    const before = this.#counts.get(text) ?? 0;
    this.#counts.set(text, before + 1);
    return JSON.stringify([...patterns, before]);
  }

  #look(layers: Layers): readonly Layer[] {
    const { stack } = layers;
    this.#seen.push({ layers, stack, length: stack?.length ?? 0 });
    for (const layer of stack ?? []) this.#layerKinds.add(Object.getPrototypeOf(layer) as object);
    return stack ?? [];
  }
}

/** All routes that a router can take a request to. */
function addRoutes(router: Layers, routes: Set<unknown>, seen = new Set<Layers>()): void {
  if (seen.has(router)) return;
  seen.add(router);
  for (const { route, handle } of router.stack ?? []) {
    if (route) routes.add(route);
    const inner = route ?? layersOf(handle);
    if (inner) addRoutes(inner, routes, seen);
  }
}

function isDeclared(handle: unknown): handle is RequestHandler {
  return typeof handle === 'function' && Object.hasOwn(handle, HANDLER);
}

/** What stands behind a layer, where it is a router, or an app that `Router.use` took for a function. */
function layersOf(handle: unknown): Layers | undefined {
  if (typeof handle !== 'function') return undefined;
  if (Array.isArray((handle as Layers).stack)) return handle as Layers;
  return isApp(handle) ? routerOf(handle) : undefined;
}

function isApp(handle: unknown): handle is Application {
  const { handle: answer, set, settings } = Object(handle) as { handle?: unknown; set?: unknown; settings?: unknown };
  return typeof answer === 'function' && typeof set === 'function' && typeof settings === 'object';
}

function wayTo(layer: Layer, { patterns, base }: Way): Way {
  const { rawPath, regexp } = layer;
  const pattern = String(rawPath ?? regexp?.source);
  const plain = plainPath(layer);
  if (plain === '') return { patterns, base };
  return {
    patterns: [...patterns, pattern],
    base: base === undefined || plain === undefined ? undefined : base + plain,
  };
}

/** What a layer takes off the URL, in lower case; `undefined`: it depends on the URL, or cannot be told. */
function plainPath({ rawPath, regexp }: Layer): string | undefined {
  if (typeof rawPath === 'string') {
    return PLAIN_PATH.test(rawPath) ? withoutLastSlash(rawPath).toLowerCase() : undefined;
  }
  if (!regexp) return undefined;
  if (Reflect.get(regexp, 'fast_slash') === true) return '';
  const [, path] = PLAIN_REGEXP.exec(regexp.source) ?? [];
  return path?.replaceAll('\\', '').toLowerCase();
}

function withoutLastSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
