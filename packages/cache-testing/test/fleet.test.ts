import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { type Fleet, processState, startFleet, until } from '../src/index.ts';
import type { TestCommands } from './fixture/member.ts';

type TestFleet = Fleet<TestCommands, { member: number; event: number }>;

const MODULE = new URL('fixture/member.ts', import.meta.url);

describe('a fleet', { timeout: 30_000 }, () => {
  let fleet: TestFleet | undefined;
  const start = async (size: number): Promise<TestFleet> => {
    fleet = await startFleet(MODULE, size);
    return fleet;
  };
  const first = ({ members: [member] }: TestFleet) => {
    if (!member) throw new Error('the fleet is empty');
    return member;
  };
  afterEach(async () => {
    await fleet?.stop();
    fleet = undefined;
  });

  it('runs commands in processes of their own', async () => {
    const { members, askAll } = await start(2);
    expect(new Set([process.pid, ...members.map(({ pid }) => pid)]).size).toBe(3);
    expect(await askAll('double', 21)).toEqual([42, 42]);
  });

  it('throws what a command threw', async () => {
    const member = first(await start(1));
    await expect(member.ask('refuse')).rejects.toThrow('not today');
    await expect(member.ask('double', 1)).resolves.toBe(2);
  });

  it('has every event of a member, in order, before the answer', async () => {
    const { askAll, takeEvents } = await start(2);
    const moments = await askAll('count', 600);
    const events = takeEvents();
    for (const member of [0, 1])
      expect(events.filter((each) => each.member === member).map(({ event }) => event)).toEqual([...Array(600).keys()]);
    expect(takeEvents()).toEqual([]);
    expect(moments.every((moment) => moment < process.hrtime.bigint())).toBe(true); // one clock
  });

  it('fails everything that is waited for, and its end, when a member dies', async () => {
    const dying = await start(2);
    fleet = undefined;
    const [one, other] = dying.members;
    const death = /member 0 of the fleet ended with 1.*the reason/s;
    const waits = [other?.ask('wait'), one?.ask('die')].map((wait) => expect(wait).rejects.toThrow(death));
    await Promise.all(waits);
    await expect(dying.askAll('double', 1)).rejects.toThrow(death);
    await expect(dying.stop()).rejects.toThrow(death);
    await until('all members to be gone', () => dying.members.every(({ pid }) => isGone(pid)) || undefined);
  });

  it('does not start with a module that cannot be run', async () => {
    await expect(startFleet(new URL('fixture/nothing.ts', import.meta.url), 2)).rejects.toThrow(/nothing\.ts/);
  });

  it.for(['SIGKILL', 'SIGUSR2'] as const)('does not outlive a process that ends of %s', async (signal) => {
    const starter = fileURLToPath(new URL('fixture/doomed-fleet.ts', import.meta.url));
    const cwd = fileURLToPath(new URL('..', import.meta.url)); // where `tsx` is looked for
    const child = spawn(process.execPath, ['--import', 'tsx', starter], { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
    let pids: number[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      pids = JSON.parse(line);
      break;
    }
    expect(pids.filter((pid) => !isGone(pid))).toHaveLength(2);
    child.kill(signal);
    await until('all members to be gone', () => pids.every(isGone) || undefined);
  });
});

function isGone(pid: number): boolean {
  return processState(pid) === 'gone';
}
