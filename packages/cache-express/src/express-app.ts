import type { Application, Request } from 'express';

/** As much of an app, of a router and of its layers as is looked at: what Express 4 and 5 do not show otherwise. */
export interface Layers {
  readonly stack?: readonly Layer[] | undefined;
}
export interface Layer {
  readonly name?: unknown;
  /** Express 5: the path as it was given. */
  readonly rawPath?: unknown;
  /** Express 4: what became of the path. */
  readonly regexp?: RegExp | undefined;
  readonly route?: Route | undefined;
  readonly handle?: unknown;
}
export interface Route extends Layers {
  readonly path?: unknown;
}

/** Express 4 keeps its router under another name, makes it late, and throws at this one. */
export function routerOf(app: Application): Layers | undefined {
  const { _router, lazyrouter } = app as unknown as { _router?: Layers; lazyrouter?: unknown };
  if (_router || lazyrouter) return _router;
  return (app as unknown as { router?: Layers }).router;
}

/** The app that this one was mounted in last. */
export function parentOf(app: Application): Application | undefined {
  return (app as Application & { readonly parent?: Application }).parent;
}

/** The outermost first. */
export function appsAround(app: Application): readonly Application[] {
  const parent = parentOf(app);
  return parent ? [...appsAround(parent), app] : [app];
}

/** By which an app of Express 4 makes `req.query`, as a function of the URL. It throws what its parser throws. */
export function queryMiddlewareOf(app: Application): ((url: string) => unknown) | undefined {
  const middleware = routerOf(app)?.stack?.find(({ name }) => name === 'query')?.handle;
  if (typeof middleware !== 'function') return undefined;
  return (url) => {
    const req: Pick<Request, 'url'> & { query?: unknown } = { url };
    middleware(req, {}, () => undefined);
    return req.query;
  };
}
