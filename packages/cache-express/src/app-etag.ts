import { createHash } from 'node:crypto';
import type { Logger } from '@huntly/cache-core';
import type { Response } from 'express';

const VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;

/**
 * The validator of a body that came without one, as the `etag` setting of the app has it: weak by default, since what
 * is sent may be compressed on the way (RFC 9110 §8.8.1); strong; by the app's own function; or none.
 */
export function etagOf(res: Response, body: Uint8Array): string | undefined {
  const setting: unknown = settingOf(res);
  if (setting === false) return undefined;
  if (typeof setting !== 'function') return setting === 'strong' ? digestOf(body) : `W/${digestOf(body)}`;
  const tag: unknown = setting(Buffer.from(body), undefined);
  return typeof tag === 'string' && VALUE.test(tag) ? tag : undefined;
}

/** For a response that was sent already: if the function of the app throws, it has no ETag, and the log says so. */
export function etagOfSent(res: Response, body: Uint8Array, logger: Logger): string | undefined {
  try {
    return etagOf(res, body);
  } catch (error) {
    logger.warn({ err: error }, 'the `etag` function of the app threw: a response is stored without an ETag');
    return undefined;
  }
}

/**
 * The `etag` setting of the handler's app. A response without an app, as in a unit test, counts as one with the default
 * setting.
 */
function settingOf(res: Response): unknown {
  const { app } = res as { readonly app?: Response['app'] };
  return app?.get('etag');
}

function digestOf(body: Uint8Array): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
}
