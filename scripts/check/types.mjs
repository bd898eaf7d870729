import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { capture, root, workspacePackages } from '../run.mjs';

/** Types resolve through the condition `@huntly/source`, so nothing has to be built first. */
export async function checkTypes() {
  const packages = (await workspacePackages()).filter(({ name }) => name !== '@huntly/docs'); // see code-blocks.mjs
  /** @type {{ ok: boolean, output: string }[]} */
  const results = [];
  const waiting = packages.values(); // a compiler takes a processor, and half a gigabyte
  const worker = async () => {
    for (const { path } of waiting) results.push(await checkPackage(path));
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join('') };
}

async function checkPackage(/** @type {string} */ path) {
  const config = join(relative(root, path), 'tsconfig.json');
  if (!existsSync(join(root, config))) return { ok: false, output: `${config} is missing: every package needs one.\n` };
  return await capture('tsc', ['--noEmit', '--project', config]);
}
