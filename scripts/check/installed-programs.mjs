/** What each entry gives. */
const imports = {
  '@huntly/cache-core': ['createCache'],
  '@huntly/cache-core/testing': ['describeStore', 'FakeClock', 'FlakyStore'],
  '@huntly/cache-decorators': ['createDecorators'],
  '@huntly/cache-express': ['cacheResponse', 'healthRoute', 'metricsRoute'],
  '@huntly/cache-redis': ['redisStore'],
};

/** A few lines with each entry; nobody listens on port 1, so the loader has to answer there. The same text is JavaScript and TypeScript. */
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

/** @param {object} options */
function tsconfig(options) {
  const compilerOptions = {
    target: 'es2022',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
    ...options,
  };
  return { compilerOptions };
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
  'typescript/tsconfig.nodenext.json': JSON.stringify({
    ...tsconfig({ module: 'nodenext', moduleResolution: 'nodenext', esModuleInterop: true }),
    files: ['main.ts', 'main.cts'],
  }),
  'typescript/tsconfig.bundler.json': JSON.stringify({
    ...tsconfig({ module: 'esnext', moduleResolution: 'bundler' }),
    files: ['main.ts'],
  }),
};
