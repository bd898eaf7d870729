import { mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { build } from 'esbuild';
import { rollup } from 'rollup';

/** ES modules have no `require`, which the CommonJS packages inside of a bundle call for the modules of Node. */
const withRequire = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`;

/**
 * A service with all packages as bundlers make it of `esm/main.js`: whole, which then has to run where nothing is
 * installed, and with its dependencies left out.
 * @param {string} project
 */
export function bundles(project) {
  const entry = join(project, 'esm/main.js');
  const made = [];
  for (const format of /** @type {const} */ (['cjs', 'esm'])) {
    for (const isWhole of [true, false]) {
      const runFrom = runFolder(project, isWhole, format);
      const outfile = join(runFrom, 'main.js');
      const banner = format === 'esm' && isWhole ? withRequire : '';
      made.push({
        name: `by esbuild, ${format}, ${isWhole ? 'whole' : 'without dependencies'}`,
        runFrom,
        make: async () => {
          await build({
            entryPoints: [entry],
            outfile,
            format,
            bundle: true,
            platform: 'node',
            target: 'node20',
            packages: isWhole ? 'bundle' : 'external',
            banner: { js: banner },
            logLevel: 'silent',
          });
        },
      });
    }
  }
  for (const isWhole of [true, false]) {
    const runFrom = runFolder(project, isWhole, 'esm');
    made.push({
      name: `by rollup, ${isWhole ? 'whole' : 'without dependencies'}`,
      runFrom,
      make: async () => {
        const plugins = [
          nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }),
          plugin(commonjs),
          plugin(json),
        ];
        const bundle = await rollup({
          input: entry,
          plugins: isWhole ? plugins : [],
          onwarn: () => undefined,
          ...(isWhole ? {} : { external: /^[^./]/ }),
        });
        await bundle.write({ file: join(runFrom, 'main.js'), format: 'esm', inlineDynamicImports: true });
      },
    });
  }
  return made;
}

/**
 * @param {string} project
 * @param {boolean} isWhole
 * @param {'cjs' | 'esm'} format
 */
function runFolder(project, isWhole, format) {
  const folder = mkdtempSync(join(isWhole ? dirname(project) : project, 'bundle-')); // no node_modules lies above a whole one
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: format === 'cjs' ? 'commonjs' : 'module' }));
  return folder;
}

/**
 * Their types say that the function is under `default` once more.
 * @param {unknown} make
 * @returns {import('rollup').Plugin}
 */
function plugin(make) {
  return /** @type {() => import('rollup').Plugin} */ (make)();
}
