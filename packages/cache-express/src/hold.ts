import type { Request } from 'express';

/** On a request that a cached route has taken, in any copy of this package. */
const HOLD = Symbol.for('@huntly/cache-express/hold');

/**
 * That a cached route is at work on a request. A second one on its way would wait for the first, unless that has passed
 * the request on.
 */
export interface Hold {
  isReleased: boolean;
}

export function isHeld(req: Request): boolean {
  return holdOf(req)?.isReleased === false;
}

export function takeHold(req: Request): Hold {
  const hold: Hold = { isReleased: false };
  Reflect.set(req, HOLD, hold);
  return hold;
}

/** Has another cached route taken the request since? */
export function isTakenOver(req: Request, hold: Hold): boolean {
  return holdOf(req) !== hold;
}

function holdOf(req: Request): Hold | undefined {
  return Reflect.get(req, HOLD) as Hold | undefined;
}
