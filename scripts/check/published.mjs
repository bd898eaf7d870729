import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, workspacePackages } from '../run.mjs';

/** Packs each published package as the registry would get it, and checks that tarball. */
export async function checkPublished() {
  const build = await capture('node', ['scripts/build.mjs']);
  if (!build.ok) return build;

  const folder = mkdtempSync(join(tmpdir(), 'huntly-packed-'));
  try {
    let ok = true;
    let output = '';
    for (const { name, path } of (await workspacePackages()).filter((found) => !found.private)) {
      const result = await checkTarball(path, folder);
      if (result.ok) continue;
      ok = false;
      output += `${name}\n${result.output}\n`;
    }
    return { ok, output };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} path
 * @param {string} folder
 */
async function checkTarball(path, folder) {
  const packed = await capture('pnpm', ['pack', '--json', '--pack-destination', folder], path);
  if (!packed.ok) return packed;
  const tarball = JSON.parse(packed.stdout).filename;
  const results = await Promise.all([
    capture('publint', ['--strict', tarball]),
    capture('attw', ['--profile', 'node16', '--format', 'ascii', tarball]),
  ]);
  return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join('\n') };
}
