// Paired rounds: in each, every contender runs once, in an order that turns; ratios are made within a round, so that a
// machine that is busy for a while slows both sides of a ratio.
import { setTimeout as delay } from 'node:timers/promises';

/** One read of one contender, given the number of the read. */
export type Read = (index: number) => Promise<unknown>;

export interface Contest {
  readonly name: string;
  /** Calls under way at any time. */
  readonly callers: number;
  /** The first one is ours: all ratios are to it. */
  readonly contenders: ReadonlyMap<string, Read>;
}

export interface Spread {
  readonly median: number;
  /** The quartiles. */
  readonly low: number;
  readonly high: number;
}

export interface Standing {
  readonly contender: string;
  /** Microseconds of one operation: the time of the sample by its operations. */
  readonly usPerOp: Spread;
  /** Its time by ours in the same round: above 1, ours is faster. */
  readonly timesOurs: Spread;
  /** The same for the CPU time of this process, of which a busy machine takes nothing away. */
  readonly cpuTimesOurs: Spread;
}

/** Of one operation, in microseconds. */
interface Sample {
  readonly us: number;
  readonly cpuUs: number;
}

const SAMPLE_MS = 100;
const PAUSE_MS = 5;
const WARM_UP = 4;
const OPS_BETWEEN_LOOKS = 16;

export async function runContest(contest: Contest, rounds: number): Promise<Standing[]> {
  const names = [...contest.contenders.keys()];
  const samples = new Map(names.map((name) => [name, [] as Sample[]]));
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const name of orderOf(names, round)) {
      globalThis.gc?.({ type: 'minor' }); // a full one would throw away what the optimiser knows, and be paid by the sample
      await delay(PAUSE_MS); // what waits in sockets and timers is of nobody's time
      const sample = await sampleOf(contest.contenders.get(name) ?? absent, contest.callers);
      if (round >= WARM_UP) samples.get(name)?.push(sample);
    }
  }
  const ours = samples.get(names[0] ?? '') ?? [];
  return names.map((contender) => {
    const own = samples.get(contender) ?? [];
    const ratios = (of: (sample: Sample) => number) =>
      own.map((sample, round) => of(sample) / of(ours[round] ?? { us: Number.NaN, cpuUs: Number.NaN }));
    return {
      contender,
      usPerOp: spreadOf(own.map(({ us }) => us)),
      timesOurs: spreadOf(ratios(({ us }) => us)),
      cpuTimesOurs: spreadOf(ratios(({ cpuUs }) => cpuUs)),
    };
  });
}

/** Turned by one each round, and backwards every other time: everybody follows everybody. */
function orderOf(names: readonly string[], round: number): string[] {
  const start = round % names.length;
  const turned = [...names.slice(start), ...names.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** While so many callers ask in turn. */
async function sampleOf(read: Read, callers: number): Promise<Sample> {
  let begun = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const until = startedAt + SAMPLE_MS;
  const caller = async () => {
    do {
      for (let op = 0; op < OPS_BETWEEN_LOOKS; op++) await read(begun++);
    } while (performance.now() < until);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const us = (performance.now() - startedAt) * 1000;
  const cpu = process.cpuUsage(cpuBefore);
  return { us: us / begun, cpuUs: (cpu.user + cpu.system) / begun };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.round((sorted.length - 1) * part)] ?? Number.NaN;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

function absent(): never {
  throw new Error('A contender is missing.');
}
