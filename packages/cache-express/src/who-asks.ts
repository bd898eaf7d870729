import type { Request } from 'express';
import type { RoutePolicy } from './options.ts';
import { identityDigest } from './request-key.ts';
import { isFromSomebody } from './request-rules.ts';

const NO_IDENTITY =
  'requests are not cached whose `identity` is neither a text that is not empty, nor a number, nor `undefined` for an anonymous user; it cannot be a promise';

/**
 * The digest of the user; `undefined` for anonymous users, who share one response; `null` for a user who cannot be told
 * from others.
 * @throws what `identity` throws
 */
export function whoAsks(
  req: Request,
  policy: RoutePolicy,
  warnOnce: (message: string) => void,
): string | undefined | null {
  const { identity, secret, cache } = policy;
  if (!identity) return undefined;
  const who: unknown = identity(req);
  if (who === undefined) return isFromSomebody(req) ? null : undefined;
  const text = Number.isFinite(who) ? String(who) : who;
  if (typeof text === 'string' && text !== '') return identityDigest(secret, text);
  if (who instanceof Promise) who.catch((err: unknown) => cache.logger.warn({ err }, 'identity rejected'));
  warnOnce(NO_IDENTITY);
  return null;
}
