// Every check that is not a test, one after the other, going on after a failure: `npm run check`.
// Some of them only: `node scripts/check.mjs types lint`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCodeBlocks } from './check/code-blocks.mjs';
import { checkInstalled } from './check/installed.mjs';
import { checkLinks } from './check/links.mjs';
import { checkPublished } from './check/published.mjs';
import { checkTypes } from './check/types.mjs';
import { capture, root } from './run.mjs';

/** @type {Record<string, { what: string, check: () => Promise<{ ok: boolean, output: string }> }>} */
const steps = {
  types: { what: 'every package type-checks, on its sources', check: checkTypes },
  lint: {
    what: 'format and lint rules (biome.json); mend with `npm run format`',
    check: () => capture('biome', ['check', '--diagnostic-level=warn', '--error-on-warnings', '.']),
  },
  unused: { what: 'no unused file, export or dependency (knip.json)', check: () => capture('knip', []) },
  imports: {
    what: 'imports run downwards and in no circle (.dependency-cruiser.mjs)',
    check: () => capture('depcruise', ['packages', 'examples']),
  },
  published: { what: 'published packages build, and resolve for every kind of importer', check: checkPublished },
  installed: { what: 'packed packages work in empty ESM, CommonJS and TypeScript projects', check: checkInstalled },
  links: { what: 'links and #anchors in the documents lead somewhere', check: checkLinks },
  blocks: { what: 'code blocks in the documents type-check against the sources', check: checkCodeBlocks },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`No such check: ${unknown.join(', ')}. There are: ${Object.keys(steps).join(', ')}.`);
  process.exit(2);
}

const results = [];
for (const [name, { what, check }] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`${name}: ${what} …`);
  const start = performance.now();
  const { ok, output } = await check().catch((error) => ({ ok: false, output: String(error?.stack ?? error) }));
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  if (!ok) console.log(output.trimEnd());
  console.log(`${name}: ${ok ? 'ok' : 'FAILED'} in ${seconds} s\n`);
  results.push({ name, ok, seconds });
}

const failed = results.filter((result) => !result.ok);
const total = results.reduce((sum, result) => sum + result.seconds, 0).toFixed(1);
if (failed.length === 0) console.log(`All ${results.length} checks passed in ${total} s.`);
else console.log(`${failed.length} of ${results.length} checks failed: ${failed.map(({ name }) => name).join(', ')}.`);

mkdirSync(join(root, '.results'), { recursive: true });
writeFileSync(join(root, '.results/checks.json'), JSON.stringify(results, undefined, 2)); // counted by .ci/run
process.exitCode = failed.length === 0 ? 0 : 1;
