import type { Application, Request } from 'express';
import { LRUCache } from 'lru-cache';
import { type NarrowQuery, narrowQuery, ownQuery, type QueryRule, queryReader } from './query.ts';
import { pathOf } from './query-text.ts';
import { forwardedHostOf, hostnameOf, isEncrypted, paramsText, pathTag, urlKey } from './request-key.ts';
import type { AskedRoute } from './route-key.ts';
import { isSameValue } from './same-value.ts';

/** What the URL of a request alone tells: the same for every request of that URL on one route. */
export interface AskedUrl {
  readonly query: NarrowQuery;
  readonly key: string;
  readonly pathTag: string;
  readonly app: Application;
  /** What Express made of the query, where the request had an own one to compare it with. */
  readonly parsed: unknown;
}

const REMEMBERED = 2_000;
/** Longer ones are rare; they would only take room. */
const MAX_REMEMBERED_LENGTH = 1_000;

/**
 * Remembers what it made of a URL: the same are asked for again and again, and to sort a query and digest a path takes
 * longer than the read of a local copy.
 */
export class AskedUrls {
  readonly #rule: QueryRule;
  /** `maxSize`, as `max` would allocate all of it at once, for each route. */
  readonly #known = new LRUCache<string, AskedUrl>({ maxSize: REMEMBERED, sizeCalculation: () => 1 });

  constructor(rule: QueryRule) {
    this.#rule = rule;
  }

  /** A promise only where a schema has to be asked. @throws BadQueryError, or the promise rejects with it */
  of(req: Request, { scope, route }: AskedRoute): AskedUrl | Promise<AskedUrl> {
    const { app, originalUrl, baseUrl, url } = req;
    const hostname = hostnameOf(req);
    const forwardedHost = forwardedHostOf(req);
    const params = paramsText(req);
    const protocol = `${req.protocol}${isEncrypted(req) ? '+tls' : ''} ${req.httpVersion}`;
    // All that is looked at below, and nothing else. No line break can be in any but those with a length before them.
    const asIs = `${protocol}\n${hostname}\n${req.headers.host ?? ''}\n${forwardedHost}\n${originalUrl}\n${route}`;
    const text = `${asIs}\n${baseUrl.length}\n${baseUrl}${params.length}\n${params}${String(scope).length}\n${scope}${url}`;
    const known = this.#known.get(text);
    const own = ownQuery(req);
    if (known?.app === app && (!own || isSameValue(own.value, known.parsed))) return known;
    const read = queryReader(req, own);
    const query = narrowQuery(req, this.#rule, { own, read });
    const asked = (query: NarrowQuery): AskedUrl => ({
      query,
      key: urlKey(req, { scope, route, protocol, hostname, forwardedHost, params, query: query.key }),
      pathTag: pathTag(hostname, pathOf(originalUrl)),
      app,
      parsed: own && read?.(url),
    });
    if (query instanceof Promise) return query.then(asked);
    const made = asked(query);
    if (read && text.length <= MAX_REMEMBERED_LENGTH) this.#known.set(text, made);
    return made;
  }
}
