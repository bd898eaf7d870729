import { setTimeout as delay } from 'node:timers/promises';
import type { FaultProxy } from '@huntly/cache-testing';
import { untilCopies } from './copies.ts';
import type { Change, Sightings } from './copy-reader.ts';
import type { MemberFleet } from './course.ts';

export const FAULTS = ['cut', 'freeze', 'halfOpen', 'blackhole', 'refuse'] as const;
export type ChannelFault = (typeof FAULTS)[number];

/** How a round goes; all of it drawn from a seed. */
export interface FaultPlan {
  readonly fault: ChannelFault;
  /** Of the node whose announcements suffer. */
  readonly node: number;
  readonly beginsMs: number;
  readonly lastsMs: number;
  /** When each row is changed, from the beginning on. */
  readonly changesMs: readonly number[];
}

export function drawPlan(
  index: number,
  { nodes, rows, random }: { nodes: number; rows: number; random: () => number },
) {
  return {
    fault: FAULTS[index % FAULTS.length] ?? 'cut',
    node: Math.floor(random() * nodes),
    beginsMs: random() * 300,
    lastsMs: 300 + random() * 1_500,
    changesMs: Array.from({ length: rows }, () => random() * 1_000),
  } satisfies FaultPlan;
}

/** What came of the changes during one fault. */
export interface FaultReport {
  /** A copy was seen that was older than the bound. */
  readonly tooOld: readonly string[];
  /** Copies that were seen after they were changed. */
  readonly late: number;
  /** The oldest that was seen, in milliseconds after its change. */
  readonly oldestMs: number;
}

/** One process reads all rows from its copies while another one changes them, and the announcements suffer. */
export async function sufferOnce(
  fleet: MemberFleet,
  proxy: FaultProxy,
  plan: FaultPlan,
  { rows, boundMs }: { rows: readonly string[]; boundMs: number },
): Promise<FaultReport> {
  const [reader, writer] = fleet.members;
  if (!reader || !writer) throw new Error('the fleet is too small');
  await untilCopies(fleet, rows);
  await reader.ask('watch', rows);
  const changing = rows.map(async (row, index) => {
    await delay(plan.changesMs[index]);
    return writer.ask('change', { row, by: index % 2 === 0 ? 'key' : 'tag' });
  });
  await delay(plan.beginsMs);
  await inflict(proxy, plan.fault);
  await delay(plan.lastsMs);
  await proxy.heal();
  const changes = await Promise.all(changing);
  await untilCopies(fleet, rows); // by themselves
  return reportOf(changes, await reader.ask('endWatch'), boundMs);
}

async function inflict(proxy: FaultProxy, fault: ChannelFault): Promise<void> {
  if (fault === 'cut') proxy.cut();
  else if (fault === 'halfOpen') proxy.halfOpen();
  else await proxy.set({ kind: fault });
}

function reportOf(changes: readonly Change[], seen: Sightings, boundMs: number): FaultReport {
  const ages = changes.map(({ row, version, resolved }) => {
    const older = [...(seen.get(row) ?? [])].filter(([each]) => each < version).map(([, at]) => Number(at - resolved));
    return { row, ageMs: Math.max(0, ...older) / 1e6 };
  });
  return {
    tooOld: ages.filter(({ ageMs }) => ageMs > boundMs).map(({ row, ageMs }) => `${row}: ${ageMs} ms`),
    late: ages.filter(({ ageMs }) => ageMs > 0).length,
    oldestMs: Math.max(...ages.map(({ ageMs }) => ageMs)),
  };
}
