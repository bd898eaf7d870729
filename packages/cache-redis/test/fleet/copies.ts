import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom, until } from '@huntly/cache-testing';
import { expect } from 'vitest';
import type { RoundReport } from './copy-reader.ts';
import type { Course, MemberFleet } from './course.ts';
import type { Means } from './member.ts';

const MEANS: readonly Means[] = ['key', 'tag'];

/** After a change a value is loaded, stored and read again within this time: the next one meets any of these. */
const LONGEST_GAP_MS = 60;
/** For an answer that is held back, so that the change overtakes it. There is none where all of a row were quick. */
const PATIENCE_MS = 500;

/**
 * One process reads rows with copies while another changes each of them twice in succession: the first change makes all
 * readers ask the store, the second one meets them there.
 */
async function raceRound(
  { fleet }: Course,
  rows: readonly string[],
  options: { byType: boolean; random: () => number },
): Promise<RoundReport> {
  const [reader, writer] = fleet.members;
  if (!reader || !writer) throw new Error('the fleet is too small');
  await reader.ask('begin', rows);
  const change = async (row: string, index: number) => {
    const by = MEANS[index % MEANS.length] ?? 'key';
    await writer.ask('change', { row, by });
    if (options.random() < 0.5) await delay(options.random() * LONGEST_GAP_MS);
    else await reader.ask('untilHeld', { row, patienceMs: PATIENCE_MS });
    return writer.ask('change', { row, by: options.byType && index === 0 ? 'type' : by });
  };
  const changes = await Promise.all(rows.map(change));
  const report = await reader.ask('settle', changes);
  expect(report.old).toEqual([]);
  return report;
}

/** Rounds until so many reads met a change, and so many answers were overtaken by its announcement. */
export async function raceReads(course: Course, rows: readonly string[], wanted: { raced: number; overtaken: number }) {
  const seed = randomInt(2 ** 31);
  const random = seededRandom(seed);
  const total = { seed, raced: 0, overtaken: 0, copies: 0, rounds: 0 };
  while (total.raced < wanted.raced || total.overtaken < wanted.overtaken) {
    const { raced, overtaken, copies } = await raceRound(course, rows, { byType: total.rounds % 10 === 9, random });
    total.raced += raced;
    total.overtaken += overtaken;
    total.copies += copies;
    total.rounds++;
  }
  expect(total.copies).toBeGreaterThan((total.rounds * rows.length) / 2); // else there was nothing that could be old
  return total;
}

/** Reads them until the first member has a copy of each: what is announced of their fills may end a copy that was quick. */
export async function untilCopies({ members: [reader] }: MemberFleet, rows: readonly string[]): Promise<void> {
  await until('copies of all rows', async () => (await reader?.ask('warm', rows)) === rows.length || undefined);
}

/** A change there, a barrier and a read here, so many times for each row. */
export async function changeAndRead({ fleet }: Course, rows: readonly string[], times: number) {
  const [reader, writer] = fleet.members;
  if (!reader || !writer) throw new Error('the fleet is too small');
  const total = { reads: 0, old: 0, hadCopy: 0, hasCopy: 0 };
  await untilCopies(fleet, rows);
  const go = async (row: string, index: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      const { version } = await writer.ask('change', { row, by: MEANS[(index + time) % 2] ?? 'key' });
      const read = await reader.ask('readAfterBarrier', row);
      total.reads++;
      if (read.version < version) total.old++;
      if (read.hadCopy) total.hadCopy++;
      if (read.hasCopy) total.hasCopy++;
    }
  };
  await Promise.all(rows.map(go));
  return total;
}
