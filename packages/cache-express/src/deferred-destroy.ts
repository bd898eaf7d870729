import type { Request, Response } from 'express';

/** Several middleware may hold one response back, each until its own work is done, in whatever order they end. */
interface Deferral {
  holders: number;
  end(): void;
}

const DEFERRALS = new WeakMap<Response, Deferral>();

/**
 * Until the returned function is called, whatever destroys the connection waits: of an answer that was given the client gets the rest, as it would if
 * nothing held its end back. Express destroys the socket at an error that comes after the head.
 */
export function deferDestroy(req: Request, res: Response): () => void {
  const deferral = DEFERRALS.get(res) ?? begin(req, res);
  DEFERRALS.set(res, deferral);
  deferral.holders++;
  return () => {
    if (--deferral.holders > 0) return;
    DEFERRALS.delete(res);
    deferral.end();
  };
}

function begin(req: Request, res: Response): Deferral {
  const waiting: (() => void)[] = [];
  const restore: (() => void)[] = [];
  for (const [target, names] of [
    [res, ['destroy']],
    [req, ['destroy']],
    [req.socket, ['destroy', 'destroySoon', 'resetAndDestroy', 'end']],
  ] as const) {
    for (const name of names) {
      const own = Object.getOwnPropertyDescriptor(target, name);
      const call: unknown = Reflect.get(target, name);
      const isFixed = own ? own.configurable === false : !Object.isExtensible(target);
      if (typeof call !== 'function' || isFixed) continue;
      const later = (...args: unknown[]) => {
        waiting.push(() => void Reflect.apply(call, target, args));
        return target;
      };
      Object.defineProperty(target, name, { value: later, writable: true, configurable: true });
      restore.push(() => {
        if (own) Object.defineProperty(target, name, own);
        else Reflect.deleteProperty(target, name);
      });
    }
  }
  const end = () => {
    for (const put of restore.splice(0)) put();
    for (const call of waiting.splice(0)) call();
  };
  return { holders: 0, end };
}
