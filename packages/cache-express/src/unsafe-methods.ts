import type { Clock } from '@huntly/cache-core';
import type { Request, Response } from 'express';
import { deferDestroy } from './deferred-destroy.ts';
import { closeHead, isLastChunk } from './head.ts';
import { nothingBelowTag } from './negative-tags.ts';
import type { ResponseCache } from './options.ts';
import { pathOf } from './query-text.ts';
import { hostnameOf, pathTag } from './request-key.ts';
import { isServedByNode } from './server-of.ts';
import type { Traffic } from './traffic.ts';

interface DroppingParts {
  readonly cache: ResponseCache;
  readonly clock: Clock;
  readonly traffic: Traffic;
}

/**
 * A method that changes something drops the stored responses of its path, and of the `Location` and `Content-Location`
 * it names on this host, if it succeeds: before its client can see the end of the answer. RFC 9111 §4.4. It may have
 * created what lies at or below one of them, so it also drops what is stored of there not being anything.
 */
export function dropWhenDone(req: Request, res: Response, { cache, clock, traffic }: DroppingParts): void {
  const end = res.end.bind(res) as (...args: unknown[]) => Response;
  let isEnding = false;
  res.end = ((...args: unknown[]) => {
    if (isEnding) return res;
    if (!hasSucceeded(res) || !isLastChunk(args[0])) return end(...args);
    if (!res.headersSent) closeHead(res, args); // nobody can answer anything else while the invalidation runs
    isEnding = true;
    const letWrite = refuseWrites(res);
    // An adapter that sees an end takes what there is for the answer.
    const showsOpen = isServedByNode(req) ? showEnded(res) : () => {};
    const letDestroy = deferDestroy(req, res);
    const beganAt = clock.now();
    const finish = () => {
      traffic.timed('invalidate', clock.now() - beganAt);
      showsOpen();
      letWrite(); // whatever wraps the response may end it by a write
      try {
        end(...args);
      } catch (error) {
        // Its handler has returned, so nothing above could catch the error.
        res.destroy(error instanceof Error ? error : undefined);
      }
      letDestroy();
    };
    cache.invalidateTags(tagsOf(req, res)).then(finish, finish); // what could not be dropped, the cache has logged
    return res;
  }) as typeof res.end;
  // Its head has said that it succeeded, and then it was cut off.
  res.once('close', () => {
    if (isEnding || !res.headersSent || !hasSucceeded(res)) return;
    const finish = () => {};
    cache.invalidateTags(tagsOf(req, res)).then(finish, finish);
  });
}

function hasSucceeded({ statusCode }: Response): boolean {
  return statusCode >= 200 && statusCode < 400;
}

/** What a handler writes after its end is lost. Returns what takes that back. */
function refuseWrites(res: Response): () => void {
  const own = Object.getOwnPropertyDescriptor(res, 'write');
  Object.defineProperty(res, 'write', { value: () => false, writable: true, configurable: true });
  return () => {
    if (own) Object.defineProperty(res, 'write', own);
    else Reflect.deleteProperty(res, 'write');
  };
}

/** Shows the handler a response that has ended. Returns what takes that back, so that the response can end. */
function showEnded(res: Response): () => void {
  // Own properties: on the prototypes of HTTP/2 both are getters, which take no value.
  const restore = ['writableEnded', 'finished'].map((name) => {
    const own = Object.getOwnPropertyDescriptor(res, name);
    const { enumerable = false } = own ?? {};
    Object.defineProperty(res, name, { value: true, writable: true, enumerable, configurable: true });
    return () => {
      if (own) Object.defineProperty(res, name, own);
      else Reflect.deleteProperty(res, name);
    };
  });
  return () => {
    for (const put of restore) put();
  };
}

function tagsOf(req: Request, res: Response): string[] {
  const host = hostnameOf(req);
  const paths = [pathOf(req.originalUrl)];
  for (const name of ['location', 'content-location']) {
    const path = pathOnThisHost(req, res.getHeader(name));
    if (path !== undefined) paths.push(path);
  }
  return [...new Set(paths.flatMap((path) => [pathTag(host, path), nothingBelowTag(host, path)]))];
}

function pathOnThisHost(req: Request, location: unknown): string | undefined {
  if (typeof location !== 'string') return undefined;
  const base = `${req.protocol}://${req.headers.host ?? hostnameOf(req)}${req.originalUrl}`;
  if (!URL.canParse(location, base)) return undefined;
  const url = new URL(location, base);
  return url.hostname.toLowerCase() === hostnameOf(req) ? url.pathname : undefined;
}
