// Sets the workspace up on a machine that has only Node and npm: installs the locked dependencies with the pinned pnpm.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const stamp = (path) => statSync(new URL(path, root), { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (stamp('node_modules/.modules.yaml') < stamp('pnpm-lock.yaml')) {
  const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  const pnpm = packageManager.split('+')[0];
  console.log(`Installing dependencies with ${pnpm} …`);
  const { status } = spawnSync('npx', ['--yes', pnpm, 'install', '--frozen-lockfile'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
