import { isDeepStrictEqual } from 'node:util';
import type { Request } from 'express';
import { LRUCache } from 'lru-cache';
import { type NarrowQuery, narrowQuery, ownQuery, parsedQuery, type QueryRule } from './query.ts';
import { hostnameOf, pathOf, pathTag, urlKey } from './request-key.ts';
import { routeKey } from './route-key.ts';

/** What the URL of a request alone tells: the same for every request of that URL on one route. */
export interface AskedUrl {
  readonly query: NarrowQuery;
  readonly key: string;
  readonly pathTag: string;
  /** What Express makes of the query, where the request had an own one to compare it with. */
  readonly parsed: unknown;
}

const REMEMBERED = 2_000;
/** Longer ones are rare; they would only take room. */
const MAX_REMEMBERED_LENGTH = 1_000;

/**
 * Remembers what it made of a URL: the same are asked for again and again, and to sort a query and digest a path takes longer than the read of a
 * local copy.
 */
export class AskedUrls {
  readonly #rule: QueryRule;
  readonly #scope: string | number;
  /** `maxSize`, as `max` would allocate all of it at once, for each route. */
  readonly #known = new LRUCache<string, AskedUrl>({ maxSize: REMEMBERED, sizeCalculation: () => 1 });

  constructor(rule: QueryRule, scope: string | number) {
    this.#rule = rule;
    this.#scope = scope;
  }

  /** A promise only where a schema has to be asked. @throws BadQueryError, or the promise rejects with it */
  of(req: Request): AskedUrl | Promise<AskedUrl> {
    const hostname = hostnameOf(req);
    const { originalUrl, baseUrl, url } = req;
    const route = routeKey(req);
    // All that is looked at below, and nothing else. No line break can be in any but the last two, which middleware may write.
    const asIs = `${req.protocol}\n${hostname}\n${req.headers.host ?? ''}\n${originalUrl}\n${route}`;
    const text = `${asIs}\n${baseUrl.length}\n${baseUrl}${url}`;
    const known = this.#known.get(text);
    const own = ownQuery(req);
    if (known && (!own || isDeepStrictEqual(own.value, known.parsed))) return known;
    const parsed = own && parsedQuery(req);
    const changed = own && !isDeepStrictEqual(own.value, parsed) ? own : undefined;
    const query = narrowQuery(req, this.#rule, changed);
    const asked = (query: NarrowQuery): AskedUrl => ({
      query,
      key: urlKey(req, { scope: this.#scope, route, hostname, query: query.key }),
      pathTag: pathTag(hostname, pathOf(originalUrl)),
      parsed,
    });
    if (query instanceof Promise) return query.then(asked);
    const made = asked(query);
    if (!changed && text.length <= MAX_REMEMBERED_LENGTH) this.#known.set(text, made);
    return made;
  }
}
