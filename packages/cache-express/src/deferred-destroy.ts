import type { Request, Response } from 'express';

/** On what waits, for all copies of this package. */
const WAIT = Symbol.for('@huntly/cache-express/deferred-destroy');

interface Wait {
  /** Two routes may defer one request, and requests that were pipelined share a socket. */
  holders: number;
  readonly calls: (() => void)[];
  readonly restore: (() => void)[];
}

/**
 * Until the returned function is called, calls that destroy the connection wait. So the client gets the rest of an
 * answer that was given, as it would if nothing held its end back: Express destroys the socket at an error that comes
 * after the head.
 */
export function deferDestroy(req: Request, res: Response): () => void {
  const ends = [
    defer(res, ['destroy']),
    defer(req, ['destroy']),
    // An adapter may give a request no socket at all.
    defer(Object(req.socket) as object, ['destroy', 'destroySoon', 'resetAndDestroy', 'end']),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function defer(target: object, names: readonly string[]): () => void {
  const wait = waitOf(target) ?? begin(target, names);
  wait.holders++;
  return () => {
    wait.holders--;
    if (wait.holders > 0) return;
    for (const put of wait.restore) put();
    for (const call of wait.calls.splice(0)) call();
  };
}

/** The own property: the socket of HTTP/2 hands out those of another object. */
function waitOf(target: object): Wait | undefined {
  return Object.getOwnPropertyDescriptor(target, WAIT)?.value as Wait | undefined;
}

function begin(target: object, names: readonly string[]): Wait {
  const calls: (() => void)[] = [];
  const restore: (() => void)[] = [];
  const wait: Wait = { holders: 0, calls, restore };
  if (!Object.isExtensible(target)) return wait; // nothing can be deferred
  for (const name of names) {
    const own = Object.getOwnPropertyDescriptor(target, name);
    const call: unknown = Reflect.get(target, name);
    if (typeof call !== 'function' || own?.configurable === false) continue;
    const later = (...args: unknown[]) => {
      calls.push(() => void Reflect.apply(call, target, args));
      return target;
    };
    Object.defineProperty(target, name, { value: later, writable: true, configurable: true });
    restore.push(() => {
      if (own) Object.defineProperty(target, name, own);
      else Reflect.deleteProperty(target, name);
    });
  }
  Object.defineProperty(target, WAIT, { value: wait, configurable: true });
  restore.push(() => void Reflect.deleteProperty(target, WAIT));
  return wait;
}
