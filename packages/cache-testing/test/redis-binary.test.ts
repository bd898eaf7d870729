import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRedisServer, type Machine } from '../src/redis-binary.ts';

let folder: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'huntly-binary-'));
  said = [];
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A machine with nothing on its PATH but what a test puts into `folder`. */
function machine(changes: Partial<Machine> = {}): Machine {
  return {
    env: { PATH: folder },
    isRoot: false,
    installLock: join(folder, 'install.lock'),
    servicePolicy: join(folder, 'policy-rc.d'),
    say: (line) => said.push(line),
    ...changes,
  };
}

function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

const version = (text: string): string => `echo 'Redis server v=${text} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'`;

describe('findRedisServer', () => {
  it('takes REDIS_SERVER before PATH', async () => {
    program('redis-server', version('7.0.15'));
    const own = program('valkey-server', `echo 'Valkey server v=8.0.1 sha=00000000:0'`);
    expect(await findRedisServer(machine({ env: { PATH: folder, REDIS_SERVER: own } }))).toBe(own);
  });

  it('does not look further when REDIS_SERVER names no program', async () => {
    program('redis-server', version('7.0.15'));
    const finding = findRedisServer(machine({ env: { PATH: folder, REDIS_SERVER: join(folder, 'nowhere') } }));
    await expect(finding).rejects.toThrow(/REDIS_SERVER is ".*nowhere", which is not an executable file/);
  });

  it('looks on PATH, past files that cannot be run', async () => {
    const found = program('redis-server', version('7.0.15'));
    expect(await findRedisServer(machine({ env: { PATH: `${join(folder, 'absent')}::${folder}` } }))).toBe(found);
  });

  it('refuses a server that is too old, and a program that is no server', async () => {
    program('redis-server', version('6.0.16'));
    await expect(findRedisServer(machine())).rejects.toThrow(/too old, Redis ≥ 7.0 is needed: Redis server v=6.0.16/);
    program('redis-server', 'echo hello');
    await expect(findRedisServer(machine())).rejects.toThrow(/is not a Redis server/);
  });

  it('without root says how to install one: apt, brew, docker', async () => {
    program('apt-get', 'exit 1');
    program('flock', 'exit 1');
    const { message } = await findRedisServer(machine()).then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    expect(message).toContain('redis-server is not on PATH');
    expect(message).toContain('sudo apt-get install redis-server');
    expect(message).toContain('brew install redis');
    expect(message).toContain('docker run');
    expect(message).toContain('REDIS_SERVER=');
    expect(said).toEqual([]);
  });

  it('says the same to root on a system without apt', async () => {
    await expect(findRedisServer(machine({ isRoot: true }))).rejects.toThrow('sudo apt-get install redis-server');
  });
});

describe.runIf(process.platform === 'linux')('installation by apt', () => {
  /** Only these programs, as the real `redis-server` may be in the same folder as they are. */
  beforeEach(() => {
    for (const name of ['sh', 'flock', 'grep', 'rm', 'chmod'])
      symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(folder, name));
  });

  const log = (): string[] => readFileSync(join(folder, 'apt.log'), 'utf8').trim().split('\n');

  const fakeApt = `
    [ -e "$POLICY" ] && policy=present || policy=absent
    echo "$DEBIAN_FRONTEND $policy $*" >>"${'$'}{0%/*}/apt.log"
    case $* in *install*) printf '%s\\n' '#!/bin/sh' "${version('7.0.15').replaceAll('"', '\\"')}" >"${'$'}{0%/*}/redis-server"; chmod 755 "${'$'}{0%/*}/redis-server" ;; esac`;

  it('happens once for several processes, without starting the service', async () => {
    program('apt-get', fakeApt);
    const root = machine({ isRoot: true });
    const found = await Promise.all([findRedisServer(root), findRedisServer(root), findRedisServer(root)]);
    expect(new Set(found)).toEqual(new Set([join(folder, 'redis-server')]));
    expect(log()).toEqual([
      'noninteractive present -q update',
      'noninteractive present -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends redis-server',
    ]);
    expect(existsSync(root.servicePolicy)).toBe(false);
    expect(said[0]).toMatch(/installing it by apt/);
  });

  it("leaves an administrator's service policy alone", async () => {
    program('apt-get', fakeApt);
    const root = machine({ isRoot: true });
    writeFileSync(root.servicePolicy, '#!/bin/sh\nexit 101\n');
    await findRedisServer(root);
    expect(readFileSync(root.servicePolicy, 'utf8')).toBe('#!/bin/sh\nexit 101\n');
  });

  it('fails with the reason of apt and the other ways to get a server', async () => {
    program('apt-get', 'echo "E: Unable to locate package redis-server" >&2; exit 100');
    const root = machine({ isRoot: true });
    await expect(findRedisServer(root)).rejects.toMatchObject({
      message: expect.stringContaining('brew install redis'),
      cause: expect.objectContaining({ stderr: expect.stringContaining('Unable to locate package') }),
    });
    expect(existsSync(root.servicePolicy)).toBe(false);
  });
});
