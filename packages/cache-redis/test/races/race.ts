import { randomInt } from 'node:crypto';
import { examine, type Findings, type Fleet, type HistoryEvent, startFleet, tellStory } from '@huntly/cache-testing';
import type { Evicted } from './evictor.ts';
import type { RaceCommands } from './member.ts';
import type { Opening } from './plan.ts';
import type { RacerReport } from './racer.ts';

export type RaceFleet = Fleet<RaceCommands, HistoryEvent>;

/** Those that read and load, each with a cache of its own; the next member changes and invalidates; one more may evict. */
const READERS = 3;

export function startRaceFleet({ evictors = 0 } = {}): Promise<RaceFleet> {
  return startFleet(new URL('member.ts', import.meta.url), READERS + 1 + evictors);
}

/** Changes in bursts of `burst` a row until `isEnough`, or `most` bursts were run. */
export interface Length {
  readonly burst: number;
  readonly most: number;
  isEnough(findings: Findings): boolean;
}

export interface Outcome extends Findings, RacerReport {
  readonly evicted: Evicted | undefined;
  /** One line of numbers with the seed; below it, if a read was stale, how that came. */
  readonly story: string;
}

/** One run: all but one process read and load while one changes rows and invalidates. */
export async function race(fleet: RaceFleet, setting: Omit<Opening, 'seed'>, length: Length): Promise<Outcome> {
  const beganAt = performance.now();
  const seed = randomInt(2 ** 31);
  const { members } = fleet;
  const [readers, [writer], [evictor]] = [
    members.slice(0, READERS),
    members.slice(READERS),
    members.slice(READERS + 1),
  ];
  if (!writer) throw new Error('the fleet is too small for a race');
  const racers = [...readers, writer];
  fleet.takeEvents();
  await Promise.all(racers.map((racer) => racer.ask('open', { ...setting, seed })));

  const history: HistoryEvent[] = [];
  const take = (): void => {
    for (const event of fleet.takeEvents()) history.push(event);
  };
  const write = async (): Promise<void> => {
    try {
      for (let burst = 0; burst < length.most; burst++) {
        await writer.ask('write', length.burst);
        take();
        if (length.isEnough(examine(history))) break;
      }
    } finally {
      await fleet.askAll('end'); // else a race that failed would run beside the next one
    }
  };
  const evict = () => evictor?.ask('evict', { url: urlOf(setting), namespace: setting.namespace, seed });
  const [evicted] = await Promise.all([evict(), write(), ...readers.map((reader) => reader.ask('read'))]);
  const reports = await Promise.all(racers.map((racer) => racer.ask('close')));
  take();

  const outcome = { ...examine(history), ...totalOf(reports), evicted };
  const { stale, ...numbers } = outcome;
  const seconds = Number(((performance.now() - beganAt) / 1_000).toFixed(1));
  const line = `${setting.namespace}, seed ${seed}: ${JSON.stringify({ stale: stale.length, ...numbers, seconds })}`;
  const [first] = stale;
  return { ...outcome, story: first ? `${line}\n${tellStory(first, history)}` : line };
}

function urlOf({ servers }: Pick<Opening, 'servers'>): string {
  if ('url' in servers) return servers.url;
  throw new Error('only one server can be evicted from: a Cluster has several');
}

function totalOf(reports: readonly RacerReport[]): RacerReport {
  const total = (count: 'hits' | 'stored' | 'refused' | 'storeErrors') =>
    reports.reduce((sum, each) => sum + each[count], 0);
  return {
    hits: total('hits'),
    stored: total('stored'),
    refused: total('refused'),
    storeErrors: total('storeErrors'),
    warnings: reports.flatMap(({ warnings }) => warnings),
  };
}
