import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import type { Application, RequestHandler } from 'express';
import { type CacheResponseOptions, cacheResponse } from '../../../src/index.ts';
import type { ExpressModule } from '../../support/serve.ts';
import { type Answer, type Ask, overHttp, type Send } from './answers.ts';
import { type Form, pageOf, type Source } from './page.ts';

/** What an app is built from. Each of the two twins has its own. */
export interface Parts {
  readonly app: Application;
  readonly express: ExpressModule;
  /** `cacheResponse`, or nothing at all. */
  readonly cached: RequestHandler;
  /** The handler: it answers with what its source holds. */
  readonly page: RequestHandler;
}

/** Builds an app; returns what the test looks at later. */
export type Build = (parts: Parts) => unknown;
/** A way to an app. */
export type Open = (app: RequestListener & Application) => Promise<{ readonly send: Send; close(): Promise<void> }>;

/** The answers of the app without and with the cache to the same request. */
export interface Moment {
  readonly plain: Answer;
  readonly cached: Answer;
}

/** What came of the requests for one form of the page. */
export interface Story {
  readonly miss: Moment;
  readonly hit: Moment;
  readonly stale: Moment;
  readonly refreshed: Moment;
  /** Of the handler behind the cache. */
  readonly runs: number;
}

export interface TwinOptions {
  readonly build: Build;
  readonly open?: Open | undefined;
  readonly options?: Partial<CacheResponseOptions>;
}

/** The same app twice, without and with a cache. */
export class Twins {
  readonly #clock = new FakeClock();
  readonly #cache = createCache({ types: {}, clock: this.#clock, logger: false });
  readonly #plain: Twin;
  readonly #cached: Twin;

  private constructor(express: ExpressModule, { build, options }: TwinOptions) {
    const own = { cache: this.#cache, clock: this.#clock, scope: 'trial', ttl: '60s', grace: '60s' } as const;
    const cached = cacheResponse({ ...own, ...options } as CacheResponseOptions);
    this.#plain = new Twin(express, build, (_req, _res, next) => next());
    this.#cached = new Twin(express, build, cached);
  }

  static async open(express: ExpressModule, options: TwinOptions): Promise<Twins> {
    const twins = new Twins(express, options);
    for (const twin of [twins.#plain, twins.#cached]) await twin.open(options.open ?? ((app) => overSocket(app)));
    return twins;
  }

  get seen(): { readonly plain: unknown; readonly cached: unknown } {
    return { plain: this.#plain.seen, cached: this.#cached.seen };
  }

  /** Once all that the request set off has ended. */
  async ask(ask: Ask): Promise<Moment> {
    const moment = { plain: await this.#plain.send(ask), cached: await this.#cached.send(ask) };
    await this.#cache.settled();
    return moment;
  }

  /** A miss, a hit, a stale hit whose refresh finds something new, and what there is then. */
  async tell(form: Form, first: Ask, later: Ask, isStored: boolean): Promise<Story> {
    const miss = await this.ask(first);
    const hit = await this.ask(later);
    await this.#clock.advance(61_000);
    if (isStored) this.#cached.source.version++; // the old page is served once more, and the refresh makes the new one
    const stale = await this.ask(later);
    if (!isStored) this.#cached.source.version++;
    this.#plain.source.version++;
    const refreshed = await this.ask(later);
    return { miss, hit, stale, refreshed, runs: this.#cached.source.runs.get(form) ?? 0 };
  }

  async close(): Promise<void> {
    await Promise.all([this.#plain.close(), this.#cached.close()]);
    await this.#cache.close();
  }
}

class Twin {
  readonly source: Source = { version: 1, runs: new Map() };
  readonly seen: unknown;
  readonly #app: Application;
  send: Send = () => Promise.reject(new Error('The app is not open.'));
  close = async (): Promise<void> => {};

  constructor(express: ExpressModule, build: Build, cached: RequestHandler) {
    this.#app = express();
    this.seen = build({ app: this.#app, express, cached, page: pageOf(this.source) });
  }

  async open(open: Open): Promise<void> {
    const { send, close } = await open(this.#app);
    this.send = send;
    this.close = close;
  }
}

/** Over sockets. @param wrap what stands around the server, if anything */
export async function overSocket(app: RequestListener, wrap = (server: Server): Server => server) {
  const server = wrap(createServer(app)).listen(0, '127.0.0.1');
  server.keepAliveTimeout = 120_000; // after a stall of the machine Node would reset connections whose next request has arrived unread
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { send: overHttp(port), url: `http://127.0.0.1:${port}`, server, close };
}

/** Around the route: everything passes it, hits as well. */
export const before =
  (make: (parts: Parts) => RequestHandler): Build =>
  (parts) =>
    void parts.app.use(make(parts)).get('/page', parts.cached, parts.page);

/** Behind the cache: only what runs the handler passes it. */
export const after =
  (make: (parts: Parts) => RequestHandler): Build =>
  (parts) =>
    void parts.app.get('/page', parts.cached, make(parts), parts.page);
