import type { Request, Response } from 'express';
import { headersOf, textOf } from './headers.ts';
import { negativeTags } from './negative-tags.ts';
import type { RoutePolicy } from './options.ts';
import { givenTags, headerTags, removeTags } from './response-tags.ts';

/**
 * Takes the tags of a response off its head: they are for the cache and not for clients.
 * @throws TypeError if `tags` of the route returns no list, and what it throws itself
 */
export function takeTags(req: Request, res: Response, policy: RoutePolicy): readonly string[] {
  const headers = headersOf(res);
  const named = headerTags(textOf(headers, 'surrogate-key'), textOf(headers, 'cache-tag'));
  removeTags(res);
  const negative = policy.dropsOnUnsafe ? negativeTags(req, res.statusCode) : [];
  return [...new Set([...named, ...givenTags(policy.tags?.(req, res)), ...negative])];
}
