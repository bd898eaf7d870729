import type { Application, NextFunction, Request } from 'express';
import { placesIn } from './app-places.ts';
import type { Layer } from './express-app.ts';

/** On a request whose route is being watched, in any copy of this package: what to do when the request leaves it. */
const LEAVE = Symbol.for('@huntly/cache-express/leave');
const PATCHED = Symbol.for('@huntly/cache-express/errors-are-seen');
/** A router writes these on a request as it goes from layer to layer. */
const STEPS = ['params', 'baseUrl', 'next'] as const;
type Step = (typeof STEPS)[number];

/**
 * Calls `onLeave` once, as soon as a request goes on to anything but the handlers of its route: before the layer that
 * is next sees it. However it got there: `next()`, `next('route')`, `next('router')`, `next(error)`, an error that was
 * thrown, a promise that was rejected. Where `cacheResponse` was mounted by `use`, the rest of its router is the
 * handler.
 *
 * No router tells this. But each writes `params`, `baseUrl` and `next` on the request as it takes a step, and a route
 * does not; and error handlers, which may stand in the route as well, are called by one method.
 * @param next what `cacheResponse` was given: that of a route is another one than that of its router
 * @returns what stops it
 */
export function watchLeaving(req: Request, next: NextFunction, onLeave: () => void): () => void {
  seeErrors(req.app);
  const isOfRoute = req.route !== undefined && next !== req.next;
  const { params, baseUrl, next: routerNext } = req;
  let isStopped = false;
  let last: { readonly step: Step; readonly value: unknown } | undefined;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    for (const step of STEPS) {
      const { value } = values[step];
      Object.defineProperty(req, step, { value, writable: true, enumerable: true, configurable: true });
    }
    Reflect.deleteProperty(req, LEAVE);
  };
  const leave = () => {
    stop();
    onLeave();
  };
  const values: Record<Step, { value: unknown }> = {
    params: { value: params },
    baseUrl: { value: baseUrl },
    next: { value: routerNext },
  };
  /** A router inside of the route, or of the middleware that follows, puts its own `next` there until it is done. */
  const isOurRouter = () => values.next.value === routerNext;
  const isLeft = (step: Step, value: unknown): boolean => {
    if (!isOurRouter()) return false;
    if (isOfRoute) return step === 'baseUrl' || (step === 'params' && value !== params);
    // A router that is done puts back `baseUrl`, then the `next` of the one around it. The outermost one has none
    // around it: what follows is the 404.
    return step === 'next' && last?.step === 'baseUrl' && last.value === baseUrl && value !== undefined;
  };
  for (const step of STEPS) {
    Object.defineProperty(req, step, {
      get: () => values[step].value,
      set: (value: unknown) => {
        const isOver = isLeft(step, value);
        if (isOurRouter()) last = { step, value };
        values[step].value = value;
        if (isOver) leave();
      },
      enumerable: true,
      configurable: true,
    });
  }
  Reflect.set(req, LEAVE, leave);
  return stop;
}

type HandleError = (this: Layer, error: unknown, req: Request, ...rest: unknown[]) => unknown;

/**
 * Express calls each error handler, of a route, a router or an app, by one method of its layers, and writes nothing on
 * the request before: so that method is replaced, once for each copy of Express. A request that is not watched goes
 * through it unchanged.
 */
function seeErrors(app: Application): void {
  for (const layers of placesIn(app).layerKinds) {
    for (const name of ['handle_error', 'handleError']) {
      const handleError: unknown = Reflect.get(layers, name);
      if (typeof handleError !== 'function' || PATCHED in handleError) continue;
      const seen: HandleError = function (error, req, ...rest) {
        const isErrorHandler = typeof this.handle === 'function' && this.handle.length === 4;
        const leave: unknown = isErrorHandler ? Reflect.get(req, LEAVE) : undefined;
        if (typeof leave === 'function') leave();
        return Reflect.apply(handleError, this, [error, req, ...rest]);
      };
      Reflect.set(layers, name, Object.assign(seen, { [PATCHED]: true }));
    }
  }
}
