import type { ServerResponse } from 'node:http';
import { takeHead } from './head.ts';

const MAX_TAGS = 128;
const MAX_LENGTH = 256;

/** The tags of `Surrogate-Key` (separated by spaces) and `Cache-Tag` (by commas). */
export function headerTags(surrogateKey: string | undefined, cacheTag: string | undefined): readonly string[] {
  const texts = [...(surrogateKey?.split(/[\t ]+/) ?? []), ...(cacheTag?.split(',') ?? [])];
  return [...new Set(texts.map((text) => text.trim()))].filter((text) => text !== '');
}

/** What `tags` of a route returned. @throws TypeError for anything but a list of texts, or nothing */
export function givenTags(tags: unknown): readonly string[] {
  if (tags === undefined || tags === null) return [];
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags as string[];
  if (tags instanceof Promise) {
    tags.catch(() => undefined); // the response is not stored in either case
    throw new TypeError('`tags` of cacheResponse must return its tags at once, not a promise of them');
  }
  throw new TypeError('`tags` of cacheResponse must return a list of texts');
}

/** Can all of these be kept? A tag left out would be an invalidation that does not reach the response. */
export function canBeKept(tags: readonly string[]): boolean {
  return tags.length <= MAX_TAGS && tags.every((tag) => tag !== '' && tag.length <= MAX_LENGTH && tag.isWellFormed());
}

export function removeTags(res: ServerResponse): void {
  res.removeHeader('surrogate-key');
  res.removeHeader('cache-tag');
}

/** Tags are for the cache and not for clients, on a response that it leaves alone as well. */
export function hideTags(res: ServerResponse): void {
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => ServerResponse;
  res.writeHead = ((...args: unknown[]) => {
    if (res.headersSent) return writeHead(...args);
    const rest = takeHead(res, args);
    removeTags(res);
    return writeHead(...rest);
  }) as typeof res.writeHead;
}
