import type { Request } from 'express';

/**
 * Who is allowed something. Only `true` allows, at once or by promise: what somebody forgot to await is no permission.
 */
export type Permission = (req: Request) => boolean | Promise<boolean>;

/** Rejects if `permission` throws. */
export async function isAllowed(req: Request, permission: Permission): Promise<boolean> {
  return (await permission(req)) === true;
}
