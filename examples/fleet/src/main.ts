import { startFleet, startRedis } from '@huntly/cache-testing';
import type { Count, Lead } from './worker.ts';

const WORKERS = 4;
const CALLERS = 25;

interface Worker {
  open(options: { url: string }): Promise<void>;
  setSource(employees: number): void;
  read(callers: number): Promise<Lead>;
  invalidate(): Promise<void>;
  catchUp(): Promise<void>;
  count(): Count;
  close(): Promise<void>;
}

type Row = readonly [what: string, values: readonly number[], promise: string, holds: boolean];

/** Four processes, one Redis: what all of them together load, and what each of them keeps. Ends with exit code 1 if it is not so. */
async function main(): Promise<void> {
  const given = process.env['REDIS_URL'];
  const redis = given ? undefined : await startRedis();
  const fleet = await startFleet<Worker>(new URL('worker.ts', import.meta.url), WORKERS);
  const rows: Row[] = [];
  const counts = async (pick: (count: Count) => number) => (await fleet.askAll('count')).map(pick);
  const read = async (callers: number) => (await fleet.askAll('read', callers)).map(({ employees }) => employees);
  /** What a step added to a number of each worker. */
  const during = async (pick: (count: Count) => number, step: () => Promise<unknown>) => {
    const before = await counts(pick);
    await step();
    return (await counts(pick)).map((count, index) => count - (before[index] ?? 0));
  };
  /** A copy is left by a read that finds the value, not by the load; and the announcement of the fill must have come before. */
  const leaveCopies = async () => {
    await fleet.askAll('catchUp');
    await read(1);
  };
  const loads = ({ loads }: Count) => loads;
  const fromCopies = ({ fromCopies }: Count) => fromCopies;

  try {
    await fleet.askAll('open', { url: given || (redis?.url ?? '') });
    await fleet.members[0]?.ask('invalidate'); // a Redis may remember an earlier run
    await fleet.askAll('catchUp');
    await fleet.askAll('setSource', 100);

    const cold = await during(loads, () => read(CALLERS));
    rows.push([`${WORKERS * CALLERS} callers of a cold lead: loads`, cold, 'one for all', sum(cold) === 1]);
    await leaveCopies();
    const warm = await during(fromCopies, () => read(CALLERS));
    rows.push([`${WORKERS * CALLERS} callers again: from copies`, warm, 'all', warm.every((n) => n === CALLERS)]);

    await fleet.askAll('setSource', 200);
    const old = await read(1);
    rows.push(['the source changed: employees', old, 'nobody knows yet', old.every((value) => value === 100)]);
    await fleet.members[2]?.ask('invalidate');
    await fleet.askAll('catchUp');
    let seen: number[] = [];
    const again = await during(loads, async () => {
      seen = await read(CALLERS);
    });
    rows.push(['worker 3 invalidated: employees', seen, 'all see it', seen.every((value) => value === 200)]);
    rows.push(['  loads for that', again, 'one for all', sum(again) === 1]);
    await leaveCopies();
    const warmAgain = await during(fromCopies, () => read(CALLERS));
    rows.push(['from copies again', warmAgain, 'all', warmAgain.every((n) => n === CALLERS)]);
    await fleet.askAll('close');
  } finally {
    await fleet.stop();
    await redis?.stop();
  }
  print(rows);
  if (rows.some(([, , , holds]) => !holds)) throw new Error('Not as promised: see the lines with ✗.');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Which of the workers loads differs from run to run, so only the sum of loads is the same each time. */
function print(rows: readonly Row[]): void {
  const line = (what: string, cells: readonly (string | number)[], end: string) =>
    console.log(`${what.padEnd(36)}${cells.map((cell) => String(cell).padStart(9)).join('')}   ${end}`.trimEnd());
  const names = Array.from({ length: WORKERS }, (_, index) => `worker ${index + 1}`);
  line('', names, '');
  for (const [what, values, promise, holds] of rows) line(what, values, `${holds ? '✓' : '✗'} ${promise}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
