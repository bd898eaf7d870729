import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { capture, root, workspacePackages } from '../run.mjs';
import { files } from './installed-programs.mjs';

/** What a service installs beside the packages, in the versions of this workspace: peers and, for TypeScript, types. */
const besides = ['express', 'ioredis', 'prom-client', '@types/express'];

/**
 * Installs the packed packages into empty projects as npm would from the registry, and uses each entry from ESM, from CommonJS and from
 * TypeScript. What only the workspace resolves (sources, hoisted dependencies, `workspace:` versions) fails here.
 */
export async function checkInstalled() {
  const build = await capture('node', ['scripts/build.mjs']);
  if (!build.ok) return build;

  const project = mkdtempSync(join(tmpdir(), 'huntly-installed-'));
  try {
    const installed = await install(project);
    if (!installed.ok) return installed;
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), text);
    }
    const results = [
      await capture(process.execPath, ['esm/main.js'], project),
      await capture(process.execPath, ['commonjs/main.js'], project),
      await capture('tsc', ['--project', 'typescript/tsconfig.nodenext.json'], project),
      await capture('tsc', ['--project', 'typescript/tsconfig.bundler.json'], project),
    ];
    return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join('\n') };
  } finally {
    rmSync(project, { recursive: true });
  }
}

/** @param {string} project */
async function install(project) {
  /** @type {Record<string, string>} */
  const dependencies = { '@types/node': versionOf('node_modules/@types/node') };
  for (const name of besides) dependencies[name] = versionOf(`packages/cache-express/node_modules/${name}`);
  for (const { name, path } of (await workspacePackages()).filter((found) => !found.private)) {
    const packed = await capture('pnpm', ['pack', '--json', '--pack-destination', project], path);
    if (!packed.ok) return packed;
    dependencies[name] = `file:${basename(JSON.parse(packed.stdout).filename)}`;
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, dependencies }));
  return capture('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--strict-peer-deps'], project);
}

/** @param {string} folder */
function versionOf(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version;
}
