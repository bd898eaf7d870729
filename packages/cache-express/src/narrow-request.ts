import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import type { NarrowQuery } from './query.ts';
import { hostnameOf, pathOf } from './request-key.ts';

/** What the handler may see beyond the query and `Host`. */
export interface Visible {
  readonly query: NarrowQuery;
  /** The headers of the key, as they stand in it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further headers that it sees as they came. */
  readonly pass: Iterable<string>;
}

/** For a response that is not stored a handler may answer conditional requests and ranges itself. */
export const CONDITIONAL = [
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
];

interface Face {
  /** The part of the URL from `?` on. What lies before it changes as a request goes through routers. */
  readonly search: string;
  readonly originalUrl: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly query: PropertyDescriptor | undefined;
}

/**
 * A request that shows its handler what the key covers and nothing else: a response that depends on anything else cannot come to
 * be. Whatever lies outside of the route (compression, logging) sees the request as it came.
 */
export class NarrowRequest {
  readonly #req: Request;
  readonly #whole: Face;
  readonly #narrow: Face;
  #isOver = false;
  #depth = 0;

  constructor(req: Request, visible: Visible) {
    this.#req = req;
    const { url, originalUrl, headers, rawHeaders } = req;
    const query = Object.getOwnPropertyDescriptor(req, 'query');
    this.#whole = { search: url.slice(pathOf(url).length), originalUrl, headers, rawHeaders, query };
    const shown = shownHeaders(req, visible);
    const search = visible.query.text === '' ? '' : `?${visible.query.text}`;
    const value = visible.query.parse(req);
    this.#narrow = {
      search,
      originalUrl: pathOf(originalUrl) + search,
      headers: shown,
      rawHeaders: Object.entries(shown).flatMap(([name, value]) =>
        [value].flat().flatMap((text) => [name, String(text)]),
      ),
      query:
        query?.configurable === false ? { value } : { value, writable: true, enumerable: true, configurable: true },
    };
    this.#show(this.#narrow);
  }

  /** Runs what lies outside of the route. */
  outside<T>(call: () => T): T {
    if (this.#isOver) return call();
    if (this.#depth++ === 0) this.#show(this.#whole);
    try {
      return call();
    } finally {
      if (--this.#depth === 0 && !this.#isOver) this.#show(this.#narrow);
    }
  }

  /** The handler is done. */
  restore(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#show(this.#whole);
  }

  #show(face: Face): void {
    const req = this.#req;
    req.url = pathOf(req.url) + face.search;
    req.originalUrl = face.originalUrl;
    req.headers = face.headers;
    req.rawHeaders = face.rawHeaders;
    req.headersDistinct = distinct(face.rawHeaders);
    if (face.query) Object.defineProperty(req, 'query', face.query);
    else Reflect.deleteProperty(req, 'query'); // Express 5 has it on the prototype
  }
}

function shownHeaders(req: Request, { headers, pass }: Visible): IncomingHttpHeaders {
  const shown: IncomingHttpHeaders = { ...headers };
  for (const name of ['host', ...pass]) {
    const value = req.headers[name];
    if (value !== undefined && shown[name] === undefined) shown[name] = value;
  }
  const host = (req.headers.host ?? '').toLowerCase(); // as in the key
  if (shown.host !== undefined) shown.host = host;
  // Where a proxy is trusted, `req.protocol` and `req.hostname` are read from these; what they make of them is in the key.
  const { socket, protocol } = req;
  const ownProtocol = Reflect.get(socket, 'encrypted') ? 'https' : 'http';
  if (protocol !== ownProtocol) shown['x-forwarded-proto'] = protocol;
  const hostname = hostnameOf(req);
  if (hostname !== host.replace(/:\d*$/, '')) shown['x-forwarded-host'] = hostname;
  return shown;
}

function distinct(rawHeaders: readonly string[]): NodeJS.Dict<string[]> {
  const byName: NodeJS.Dict<string[]> = Object.create(null) as NodeJS.Dict<string[]>;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    byName[name] = [...(byName[name] ?? []), rawHeaders[index + 1] ?? ''];
  }
  return byName;
}
