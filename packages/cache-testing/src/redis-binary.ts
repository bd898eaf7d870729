import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What finding a server depends on; a parameter, so that a test can take it away. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  /** Held while installing, so that test processes that start together install once. Only root may write there. */
  readonly installLock: string;
  /** Debian asks this file whether a package may start its service. */
  readonly servicePolicy: string;
  readonly say: (line: string) => void;
}

const thisMachine: Machine = {
  env: process.env,
  isRoot: process.getuid?.() === 0,
  installLock: '/run/huntly-redis-install.lock',
  servicePolicy: '/usr/sbin/policy-rc.d',
  say: (line) => process.stderr.write(`${line}\n`),
};

/**
 * The path of a `redis-server` ≥ 7.0 (or `valkey-server`): `REDIS_SERVER`, else from `PATH`, else installed by apt where
 * that needs no password.
 *
 * @throws when there is none, with the lines that would install one: tests that need Redis fail without it, they never skip
 */
export async function findRedisServer(machine: Machine = thisMachine): Promise<string> {
  const chosen = machine.env['REDIS_SERVER'];
  if (chosen !== undefined && chosen !== '') {
    if (isExecutable(chosen)) return await recentEnough(chosen);
    throw new Error(`REDIS_SERVER is ${JSON.stringify(chosen)}, which is not an executable file`);
  }
  const found = onPath('redis-server', machine) ?? (await install(machine));
  if (found === undefined) throw new Error(`redis-server is not on PATH, and these tests need it. ${REMEDY}`);
  return await recentEnough(found);
}

const REMEDY = `Get it by one of:
  apt:    sudo apt-get install redis-server
  brew:   brew install redis
  docker: docker run --rm -v "$PWD":/app -w /app node:22 npm test   (root there: installed by itself)
or name a binary: REDIS_SERVER=/path/to/redis-server (or valkey-server)`;

async function recentEnough(binary: string): Promise<string> {
  const { stdout } = await run(binary, ['--version']);
  const major = /\bv=(\d+)\./.exec(stdout)?.[1];
  if (major === undefined) throw new Error(`${binary} is not a Redis server: --version says ${JSON.stringify(stdout)}`);
  if (Number(major) < 7) throw new Error(`${binary} is too old, Redis ≥ 7.0 is needed: ${stdout.trim()}\n${REMEDY}`);
  return binary;
}

/**
 * `flock` lets go by itself if this process dies. Whoever waited for the lock finds the binary there and does nothing. An
 * administrator's policy file stays as it is; ours is known by its comment, should one have been left by a power cut.
 */
const INSTALL = `
  command -v redis-server >/dev/null && exit 0
  if [ ! -e "$POLICY" ] || grep -q huntly "$POLICY"; then
    trap 'rm -f "$POLICY"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\n# huntly: no service starts while redis-server is installed for tests\\nexit 101\\n' >"$POLICY"
    chmod 755 "$POLICY"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q update
  apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends redis-server`;

async function install(machine: Machine): Promise<string | undefined> {
  const flock = onPath('flock', machine);
  if (!machine.isRoot || flock === undefined || onPath('apt-get', machine) === undefined) return undefined;
  machine.say('redis-server is not on PATH: installing it by apt (its system service is not started) …');
  try {
    await run(flock, [machine.installLock, 'sh', '-c', INSTALL], {
      env: { ...machine.env, POLICY: machine.servicePolicy },
      maxBuffer: 64 * 2 ** 20,
    });
  } catch (cause) {
    throw new Error(`apt could not install redis-server. ${REMEDY}`, { cause });
  }
  return onPath('redis-server', machine);
}

function onPath(name: string, { env }: Machine): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // absent or not ours to run: both mean "look elsewhere"
  }
}
