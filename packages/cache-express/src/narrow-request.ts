import type { IncomingHttpHeaders } from 'node:http';
import type { Request } from 'express';
import type { NarrowQuery } from './query.ts';
import { pathOf } from './query-text.ts';
import { forwardedHostOf, isEncrypted } from './request-key.ts';
import { watchProperty } from './watched-property.ts';
import { watchSocket } from './watched-socket.ts';

/** What the handler may see beyond the query and `Host`. */
export interface Visible {
  readonly query: NarrowQuery;
  /** The headers of the key, as they stand in it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Further headers that it sees as they came. */
  readonly pass: Iterable<string>;
  /** Is the response kept for one user? Then the handler may see who that is. */
  readonly seesWhoAsks: boolean;
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

/** These look at the address of the client, to see whether it is a trusted proxy; what they return is in the key. */
const OF_THE_KEY = ['protocol', 'secure', 'host', 'hostname', 'subdomains'];
/** The address of the client. The key leaves it out. */
const OF_THE_CLIENT = ['ip', 'ips'];
/** What middleware before has made of cookies, which the handler does not see. */
const OF_COOKIES = ['cookies', 'signedCookies'];
/** What middleware before remembers about the client. */
const OF_WHO_ASKS = ['session', 'sessionID'];
/** A token that only this client can send back: csurf and its like. Not even all browsers of one user share it. */
const OF_ONE_FORM = ['csrfToken'];
/** What is set for the handler. */
const SET = ['url', 'originalUrl', 'headers', 'rawHeaders', 'headersDistinct'];

interface Face {
  /** The part of the URL behind its path. What lies before it changes as a request goes through routers. */
  readonly search: string;
  readonly originalUrl: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: string[];
  readonly query: PropertyDescriptor | undefined;
  /** What `parseurl`, and so Express, remembers of both URLs. */
  readonly parsedUrls: readonly unknown[];
}
const PARSED_URLS = ['_parsedUrl', '_parsedOriginalUrl'];

/**
 * A request that shows its handler what the key covers and nothing else: a response that depends on anything else
 * cannot come to be. What is neither in the key nor can be hidden is watched: a response is not stored whose handler
 * has `read` it. Whatever lies outside of the route (compression, logging) sees the request as it came.
 */
export class NarrowRequest {
  readonly #req: Request;
  readonly #whole: Face;
  /** As the handler sees it, and has changed it. */
  #narrow: Face;
  readonly #stopWatching: readonly (() => void)[];
  #isOver = false;
  #afterwards: (() => void) | undefined;
  #depth = 0;
  /** How many getters run that may look at the client. */
  #quiet = 0;
  #read: string | undefined;

  /** @throws TypeError if the request cannot be narrowed; it is as it came then */
  constructor(req: Request, visible: Visible) {
    this.#req = req;
    const { url, originalUrl } = req;
    this.#whole = faceOf(req);
    const { query } = this.#whole;
    const shown = shownHeaders(req, visible);
    const { search: shownSearch, originalSearch, value } = visible.query;
    const ownQuery = value && { value: value() };
    this.#narrow = {
      search: shownSearch,
      originalUrl: pathOf(originalUrl) + originalSearch,
      headers: shown,
      rawHeaders: Object.entries(shown).flatMap(([name, value]) =>
        [value].flat().flatMap((text) => [name, String(text)]),
      ),
      query: ownQuery && (query?.configurable === false ? ownQuery : { ...ownQuery, ...WRITABLE }),
      parsedUrls: [parsedUrl(req, pathOf(url) + shownSearch), parsedUrl(req, pathOf(originalUrl) + originalSearch)],
    };
    assertReplaceable(req);
    const stopSocket = watchSocket(req.socket, (name, tellsWhoAsks) => {
      if (!(tellsWhoAsks && visible.seesWhoAsks)) this.#noteRead(`socket.${name}`);
    });
    const ofKey = OF_THE_KEY.map((name) => watchProperty(req, name, (read) => this.#quietly(read)));
    const ofClient = watchedNames(req, visible, shown).map((name) =>
      watchProperty(req, name, (read) => {
        this.#noteRead(name);
        return this.outside(read);
      }),
    );
    this.#stopWatching = [stopSocket, ...ofKey, ...ofClient];
    this.#show(this.#narrow);
  }

  /** The first thing that the handler has read though the key leaves it out. */
  get read(): string | undefined {
    return this.#read;
  }

  /** Runs what lies outside of the route. */
  outside<T>(call: () => T): T {
    if (this.#isOver) return call();
    if (this.#depth++ === 0) {
      this.#narrow = faceOf(this.#req);
      this.#show(this.#whole);
    }
    try {
      return call();
    } finally {
      if (--this.#depth === 0 && !this.#isOver) this.#show(this.#narrow);
    }
  }

  /** Runs `task` with `restore`: one task. */
  onRestore(task: () => void): void {
    if (this.#isOver) task();
    else this.#afterwards = task;
  }

  /** The handler is done. */
  restore(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const stop of this.#stopWatching) stop();
    this.#show(this.#whole);
    this.#afterwards?.();
  }

  #noteRead(name: string): void {
    if (this.#depth === 0 && this.#quiet === 0 && !this.#isOver) this.#read ??= name;
  }

  #quietly<T>(read: () => T): T {
    this.#quiet++;
    try {
      return read();
    } finally {
      this.#quiet--;
    }
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
    for (const [index, name] of PARSED_URLS.entries()) {
      if (Object.hasOwn(req, name)) Reflect.set(req, name, face.parsedUrls[index]);
    }
  }
}

const WRITABLE = { writable: true, enumerable: true, configurable: true };

function faceOf(req: Request): Face {
  const { url, originalUrl, headers, rawHeaders } = req;
  return {
    search: url.slice(pathOf(url).length),
    originalUrl,
    headers,
    rawHeaders,
    query: Object.getOwnPropertyDescriptor(req, 'query'),
    parsedUrls: PARSED_URLS.map((name) => Reflect.get(req, name)),
  };
}

function watchedNames(req: Request, { seesWhoAsks }: Visible, shown: IncomingHttpHeaders): readonly string[] {
  const seesCookies = shown.cookie === req.headers.cookie;
  const cookies = seesCookies ? [] : OF_COOKIES.filter((name) => Object.keys(Reflect.get(req, name) ?? {}).length > 0);
  const whoAsks = seesWhoAsks ? [] : OF_WHO_ASKS.filter((name) => name in req);
  const token = OF_ONE_FORM.filter((name) => name in req);
  return [...OF_THE_CLIENT, ...cookies, ...whoAsks, ...token];
}

/** @throws TypeError if middleware, or the protocol, forbids to show the handler another value */
function assertReplaceable(req: Request): void {
  for (const name of SET) if (!isAssignable(req, name)) throw new TypeError(`req.${name} cannot be replaced`);
  for (const name of [...OF_THE_KEY, ...OF_THE_CLIENT, ...OF_COOKIES, ...OF_WHO_ASKS, ...OF_ONE_FORM]) {
    const own = Object.getOwnPropertyDescriptor(req, name);
    if (own?.configurable === false || !Object.isExtensible(req)) throw new TypeError(`req.${name} cannot be watched`);
  }
}

function isAssignable(req: Request, name: string): boolean {
  for (let holder: object | null = req; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    const found = Object.getOwnPropertyDescriptor(holder, name);
    if (found) return found.writable === true || found.set !== undefined;
  }
  return Object.isExtensible(req);
}

/** What `parseurl` makes of another URL: the getter `path` calls it, and leaves there what it made. */
function parsedUrl(req: Request, url: string): unknown {
  const other = Object.create(Object.getPrototypeOf(req) as object, { url: { value: url } }) as Request;
  return other.path === undefined ? undefined : Reflect.get(other, '_parsedUrl');
}

function shownHeaders(req: Request, { headers, pass }: Visible): IncomingHttpHeaders {
  const shown: IncomingHttpHeaders = { ...headers };
  for (const name of ['host', ...pass]) {
    const value = req.headers[name];
    if (value !== undefined && shown[name] === undefined) shown[name] = value;
  }
  const host = (req.headers.host ?? '').toLowerCase(); // as in the key
  if (shown.host !== undefined) shown.host = host;
  // Where a proxy is trusted, Express reads these; what it makes of them is in the key.
  const { protocol } = req;
  if (protocol !== (isEncrypted(req) ? 'https' : 'http')) shown['x-forwarded-proto'] = protocol;
  const forwardedHost = forwardedHostOf(req);
  if (forwardedHost !== '') shown['x-forwarded-host'] = forwardedHost;
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
