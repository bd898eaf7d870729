/** What each entry gives. */
const imports = {
  '@huntly/cache-core': ['createCache'],
  '@huntly/cache-core/testing': ['describeStore', 'FakeClock', 'FlakyStore'],
  '@huntly/cache-decorators': ['createDecorators'],
  '@huntly/cache-express': ['cacheResponse', 'healthRoute'],
  '@huntly/cache-express/metrics': ['metricsRoute'],
  '@huntly/cache-redis': ['redisStore'],
};

/**
 * A few lines with each entry. No server listens on port 1, so the loader has to answer there. The same text is
 * JavaScript and TypeScript.
 */
const body = `
async function main() {
  const cache = createCache({ types: { lead: { ttl: '1h' } }, logger: false });
  const leads = cache.type('lead');
  await leads.getOrSet(42, async () => ({ name: 'Ada' }));
  same(await leads.getOrSet(42, async () => ({ name: 'Bob' })), { name: 'Ada' });

  const clock = new FakeClock();
  const before = clock.now();
  await clock.advance(5);
  same(clock.now() - before, 5);
  same(typeof describeStore, 'function');
  same(typeof FlakyStore, 'function');

  const { cached } = createDecorators(cache);
  let loads = 0;
  const load = cached(async (id: number) => ({ id, loads: ++loads }), 'lead', (id) => \`wrapped.\${id}\`);
  await load(1);
  same(await load(1), { id: 1, loads: 1 });

  const store = redisStore({ url: 'redis://127.0.0.1:1' });
  const away = createCache({ types: { lead: { ttl: '1h' } }, store, logger: false });
  same(await away.type('lead').getOrSet(42, async () => 'Ada'), 'Ada');
  await away.close();

  const app = express();
  app.get('/leads', cacheResponse({ cache, ttl: '1m' }), (_req, res) => void res.json({ loads: ++loads }));
  app.get('/health', healthRoute(cache));
  app.get('/metrics', metricsRoute(cache));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const ask = async (path: string) => (await fetch(\`http://127.0.0.1:\${address.port}\${path}\`)).text();
  same(await ask('/leads'), '{"loads":2}');
  same(await ask('/leads'), '{"loads":2}');
  same(await ask('/health'), '{"status":"pass"}');
  same((await ask('/metrics')).includes('http_cache_requests_total{route="/leads",result="hit"} 1'), true);
  server.closeAllConnections();
  server.close();
  await cache.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
`;

const entries = Object.entries(imports);
const asImports = [
  "import { deepStrictEqual as same } from 'node:assert';",
  "import express from 'express';",
  ...entries.map(([entry, names]) => `import { ${names.join(', ')} } from '${entry}';`),
].join('\n');
const asRequires = [
  "const { deepStrictEqual: same } = require('node:assert');",
  "const express = require('express');",
  ...entries.map(([entry, names]) => `const { ${names.join(', ')} } = require('${entry}');`),
].join('\n');
const withoutTypes = body.replaceAll(/: (number|string)\)/g, ')');

/** What a library exports that is built upon the packages: each type has to have a name that a declaration can use. */
const exported = `
import { cacheType, createCache, createCacheManager } from '@huntly/cache-core';
import { createDecorators } from '@huntly/cache-decorators';
import { cacheResponse, healthRoute, responseType, statsRoute } from '@huntly/cache-express';
import { metricsRoute } from '@huntly/cache-express/metrics';
import { createCacheManager as createRedisManager, redisStore } from '@huntly/cache-redis';

interface Lead { readonly id: number }
export const responses = responseType();
export const cache = createCache({
  types: {
    http: responses,
    lead: cacheType<Lead>({ ttl: '1h' }),
    search: cacheType<Lead[]>({ ttl: '1h', identifier: 'query' }),
  },
});
export const leads = cache.type('lead');
export const claim = leads.claim(1);
export const many = leads.getOrSetMany([1], () => new Map());
export const stats = cache.stats();
export const health = cache.healthCheck();
export const child = cache.child('eu');
export const added = cache.addType('added', { ttl: 1 });
export const stop = cache.on('invalidated', () => undefined);
export const manager = createCacheManager({ types: { report: cacheType<Lead>({ ttl: '1h' }) } });
export const reports = manager.type('report');
export const searches = manager.claimSearch({ q: 'acme' });
export const managerStats = manager.getCacheStats();
export const redisManager = createRedisManager();
export const store = redisStore({ url: 'redis://127.0.0.1:1' });
export const decorators = createDecorators(cache);
export const load = decorators.cached(async (id: number) => ({ id }), 'lead', (id) => id);
export const route = cacheResponse({ cache, ttl: '1m' });
export const healthy = healthRoute(cache);
export const counted = statsRoute(cache);
export const metrics = metricsRoute(cache);
`;

/**
 * The compilers that are supported, oldest and newest, and which ways of resolving modules they do not have any more.
 */
export const compilers = [
  { name: '5.4', tsc: 'scripts/node_modules/typescript-5.4/bin/tsc', without: /** @type {string[]} */ ([]) },
  { name: '5.9', tsc: 'node_modules/typescript/bin/tsc', without: /** @type {string[]} */ ([]) },
  { name: '7.0', tsc: 'scripts/node_modules/typescript-7/bin/tsc', without: ['node10'] },
];

/** @type {Record<string, { module: string, moduleResolution: string, hasCts: boolean }>} */
const resolutions = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext', hasCts: true },
  node16: { module: 'node16', moduleResolution: 'node16', hasCts: true },
  bundler: { module: 'esnext', moduleResolution: 'bundler', hasCts: false },
  node10: { module: 'commonjs', moduleResolution: 'node10', hasCts: false },
};
export const modes = Object.keys(resolutions);

/**
 * A configuration for each mode.
 * @param {string} folder
 * @param {string[]} names of files without `.ts`
 */
function tsconfigs(folder, names) {
  return Object.fromEntries(
    Object.entries(resolutions).map(([mode, { module, moduleResolution, hasCts }]) => {
      const compilerOptions = {
        target: 'es2022',
        lib: ['es2022'],
        strict: true,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: `out-${mode}`,
        skipLibCheck: false,
        esModuleInterop: true,
        types: ['node'],
        module,
        moduleResolution,
      };
      const all = names.flatMap((name) => [`${name}.ts`, ...(hasCts ? [`${name}.cts`] : [])]);
      return [`${folder}tsconfig.${mode}.json`, JSON.stringify({ compilerOptions, files: all })];
    }),
  );
}

/** The files of three empty projects, by path. */
export const files = {
  'esm/package.json': JSON.stringify({ type: 'module' }),
  'esm/main.js': asImports + withoutTypes,
  'commonjs/package.json': JSON.stringify({ type: 'commonjs' }),
  'commonjs/main.js': asRequires + withoutTypes,
  'typescript/package.json': JSON.stringify({ type: 'module' }),
  'typescript/main.ts': asImports + body,
  'typescript/main.cts': asImports + body, // the types of the CommonJS build
  'typescript/exported.ts': exported,
  'typescript/exported.cts': exported,
  ...tsconfigs('typescript/', ['main', 'exported']),
};

/**
 * A program that only imports one package.
 * @param {string} name
 */
export function aloneFiles(name) {
  const used = `if (Object.keys(all).length === 0) throw new Error('nothing is exported');\n`;
  const asImport = `import * as all from '${name}';\n${used}`;
  return {
    'main.mjs': asImport,
    'main.cjs': `const all = require('${name}');\n${used}`,
    'main.ts': asImport,
    'main.cts': asImport,
    ...tsconfigs('', ['main']),
  };
}
