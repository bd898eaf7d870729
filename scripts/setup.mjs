// Makes the workspace ready on a machine that has only Node and npm: installs the locked dependencies with the pinned
// pnpm, and does nothing when that was done already. Every npm script runs it first, so it stays free of dependencies,
// and of syntax that a too old Node could not even parse.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { engines, packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

const needed = engines.node.replace('>=', '');
if (isOlder(process.versions.node, needed)) {
  fail(`Node ${needed} or newer is needed, this is ${process.versions.node}.`);
}
if (!isInstalled()) install(packageManager.split('+')[0]);

function isOlder(/** @type {string} */ version, /** @type {string} */ minimum) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minimumMajor = 0, minimumMinor = 0] = minimum.split('.').map(Number);
  return major < minimumMajor || (major === minimumMajor && minor < minimumMinor);
}

/** pnpm keeps a copy of the lockfile it installed, and writes `.modules.yaml` last. */
function isInstalled() {
  const installed = read('node_modules/.pnpm/lock.yaml');
  return installed !== '' && installed === read('pnpm-lock.yaml') && read('node_modules/.modules.yaml') !== '';
}

function read(/** @type {string} */ path) {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return ''; // not there yet
  }
}

function install(/** @type {string} */ pnpm) {
  console.log(`Setup: installing the locked dependencies with ${pnpm} (first run, or the lockfile changed) …`);
  const { status, error } = spawnSync('npx', ['--yes', pnpm, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32', // npx is a .cmd file there
  });
  if (error) fail(`npx could not be started (${error.message}). It comes with npm: is npm installed and on PATH?`);
  if (status !== 0) {
    fail(`${pnpm} install failed, see above. Is the npm registry reachable? Then run \`npm run setup\` again.`);
  }
  console.log('Setup: done.');
}

function fail(/** @type {string} */ message) {
  console.error(`Setup failed: ${message}`);
  process.exit(1);
}
