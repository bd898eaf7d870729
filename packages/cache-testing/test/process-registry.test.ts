import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, it } from 'vitest';
import { processState, until } from '../src/index.ts';
import { needsRedis } from './fixture/servers.ts';

interface Doomed {
  readonly process: ChildProcess;
  readonly folder: string;
  readonly watchdogPid: number;
  readonly pids: readonly number[];
}

const FIXTURE = fileURLToPath(new URL('fixture/doomed.ts', import.meta.url));
const processes: ChildProcess[] = [];
const victims: Doomed[] = [];
/** Apart from the folders of other tests, which may sweep at any moment. */
const temporary = mkdtempSync(join(tmpdir(), 'huntly-registry-'));

needsRedis();

afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  for (const { pids } of victims) await serversGone(pids); // before the folder goes that leads the watchdogs to them
  rmSync(temporary, { recursive: true, force: true });
});

/** A process of its own that has started its servers. */
async function doomed(kind: 'one' | 'frozen' | 'cluster', end = 'never', folder = temporary): Promise<Doomed> {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, ['--import', 'tsx', FIXTURE, kind, end], {
    cwd: fileURLToPath(new URL('..', import.meta.url)), // where `tsx` is looked for
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  processes.push(child);
  for await (const line of createInterface({ input: child.stdout })) {
    const victim: Doomed = { process: child, ...JSON.parse(line) };
    victims.push(victim);
    return victim;
  }
  throw new Error(`the process ended (${child.exitCode}) before its servers were ready`);
}

async function killWatchdog({ watchdogPid }: Doomed): Promise<void> {
  process.kill(watchdogPid, 'SIGKILL');
  await until('the watchdog to be gone', () => processState(watchdogPid) === 'gone' || undefined);
}

async function end(victim: Doomed, signal: NodeJS.Signals): Promise<void> {
  const gone = once(victim.process, 'exit');
  victim.process.kill(signal);
  await gone;
}

const alive = (pids: readonly number[]): number[] => pids.filter((pid) => processState(pid) !== 'gone');

async function serversGone(pids: readonly number[]): Promise<void> {
  await until(`servers ${pids.join()} to be gone`, () => alive(pids).length === 0 || undefined);
}

async function folderGone({ folder }: Doomed): Promise<void> {
  await until(`${folder} to be gone`, () => !existsSync(folder) || undefined);
}

describe.concurrent('servers of a process that dies', { timeout: 30_000 }, () => {
  it('are killed after SIGKILL: a server and a whole cluster', async ({ expect }) => {
    const victim = await doomed('cluster');
    expect(alive(victim.pids)).toHaveLength(7);
    await end(victim, 'SIGKILL');
    await serversGone(victim.pids);
    await folderGone(victim);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('are killed after %s, even if frozen', async (signal) => {
    const victim = await doomed('frozen');
    await end(victim, signal);
    await serversGone(victim.pids);
    await folderGone(victim);
  });

  it.each(['exit', 'throw', 'end'])('are killed by the process itself when it ends by itself: %s', async (manner) => {
    const victim = await doomed('one', manner);
    await killWatchdog(victim);
    await end(victim, 'SIGUSR2');
    await serversGone(victim.pids);
  });

  it('are killed by the next process when the watchdog died as well', async ({ expect }) => {
    const folder = mkdtempSync(join(temporary, 'own-'));
    const victim = await doomed('one', 'never', folder);
    await killWatchdog(victim);
    await end(victim, 'SIGKILL');
    expect(alive(victim.pids)).toHaveLength(1);
    await doomed('one', 'never', folder);
    expect(alive(victim.pids)).toEqual([]);
    await folderGone(victim);
  });
});

describe.concurrent('what is not ours', { timeout: 30_000 }, () => {
  it('is left alone, though an old pid file names it', async ({ expect }) => {
    const parent = mkdtempSync(join(temporary, 'own-'));
    const { pid: deadOwner } = spawnSync('true');
    const folder = mkdtempSync(join(parent, `huntly-redis-${deadOwner}-`));
    const bystander = spawn('sleep', ['60']);
    processes.push(bystander);
    const pidFiles = { a: `${bystander.pid}\n`, b: 'nonsense\n', c: '', d: `${process.pid}\n` };
    for (const [name, text] of Object.entries(pidFiles)) {
      mkdirSync(join(folder, `server-${name}`));
      writeFileSync(join(folder, `server-${name}`, 'redis.pid'), text);
    }
    await doomed('one', 'never', parent);
    expect(existsSync(folder)).toBe(false);
    expect(processState(bystander.pid ?? expect.unreachable())).not.toBe('gone');
  });

  it('is left alone while its process lives', async ({ expect }) => {
    const parent = mkdtempSync(join(temporary, 'own-'));
    const neighbour = await doomed('one', 'never', parent);
    await doomed('one', 'never', parent);
    expect(alive(neighbour.pids)).toHaveLength(1);
    expect(existsSync(neighbour.folder)).toBe(true);
  });
});
