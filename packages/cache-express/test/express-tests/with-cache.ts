import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Cache, createCache } from '@huntly/cache-core';
import type { Application } from 'express';
import { cacheResponse } from '../../src/index.ts';

// Loaded into the mocha of Express: every app that its tests make has `cacheResponse` before everything else.

/** The request headers that the handlers of the tests look at. */
const HEADERS = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'content-type',
  'cookie',
  'foo',
  'range',
  'referer',
  'referrer',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-requested-with',
];

type Factory = () => Application;
interface Layers {
  readonly stack: unknown[];
}
/** What Express calls for each request, and whoever mounts one app in another. */
type Handle = (this: Application, ...args: unknown[]) => unknown;

const directory = process.env['EXPRESS_TESTS_DIR'] ?? '';
const requireThere = createRequire(join(directory, 'package.json'));
const path = requireThere.resolve('./lib/express');
const createApplication = requireThere(path) as Factory;
const loaded = requireThere.cache[path];
if (!loaded) throw new Error(`${path} was loaded and is not in the module cache.`);
loaded.exports = new Proxy(createApplication, { apply: () => cached(createApplication()) });

const caches: Cache[] = [];
process.on('exit', () => {
  const hits = caches.reduce((sum, cache) => sum + (cache.stats()['http']?.hits ?? 0), 0);
  process.stderr.write(`\nhuntly hits: ${hits}\n`); // for the runner
});

/** At the first request: a test may set what a router is made with, such as `strict routing`, until it adds something. */
function cached(app: Application): Application {
  const { handle } = app as unknown as { readonly handle: Handle };
  let isMounted = false;
  const mountAndHandle: Handle = function (...args) {
    if (!isMounted) mount(this);
    isMounted = true;
    return handle.apply(this, args);
  };
  return Object.assign(app, { handle: mountAndHandle });
}

function mount(app: Application): void {
  const cache = createCache({ types: {}, logger: false });
  caches.push(cache);
  app.use(cacheResponse({ cache, scope: 'app', ttl: '1m', shared: true, vary: HEADERS }));
  const { _router } = app as unknown as { readonly _router?: Layers };
  const { stack } = _router ?? (app as unknown as { readonly router: Layers }).router; // Express 4 throws at the second
  const own = stack.pop();
  stack.splice(_router ? 2 : 0, 0, own); // in Express 4 its own `query` and `init` come first
}
