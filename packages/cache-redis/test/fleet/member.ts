/** One process of a fleet whose caches keep copies: run by `startFleet`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom, serveFleet } from '@huntly/cache-testing';
import { redisStore } from '../../src/index.ts';
import { type Change, CopyReader, type RoundReport, type Sightings, tagOf } from './copy-reader.ts';
import { detourDuplicates } from './detours.ts';
import { InspectedCache, type Underway } from './inspected-cache.ts';
import { LateReplies } from './late-replies.ts';
import { type LeaseStep, traceLeases } from './lease-trace.ts';
import { HOT_LOAD_MS, type Opening, TYPES } from './opening.ts';
import { Source } from './source.ts';

/** By what a row is invalidated. */
export type Means = 'key' | 'tag' | 'type';

export interface MemberCommands {
  open(opening: Opening): Promise<void>;
  /** So many callers ask for a cold value at once. @returns the versions that they got */
  storm(options: { name: string; callers: number; loadMs: number }): Promise<number[]>;
  /** Begins a load that never ends. */
  hold(name: string): Promise<void>;
  /** So many callers ask a source that fails, each until it is answered. @returns the versions that they got */
  insist(options: { name: string; callers: number }): Promise<number[]>;
  /** One load of a value that is not to be stored. */
  skip(options: { name: string; loadMs: number }): Promise<number>;
  /** Reads a value that is refreshed ahead over and over, until `end`. @returns the versions seen */
  readHot(options: { name: string; callers: number }): Promise<number[]>;
  end(): void;
  counts(): { misses: number; stored: number; loads: number; refused: number; localHits: number; storeErrors: number };
  warm(rows: readonly string[]): Promise<number>;
  begin(rows: readonly string[]): void;
  /** Resolves when an answer of this row is held back, or the time is over. */
  untilHeld(options: { row: string; patienceMs: number }): Promise<void>;
  settle(changes: readonly Change[]): Promise<RoundReport>;
  readAfterBarrier(row: string): Promise<{ version: number; hadCopy: boolean; hasCopy: boolean }>;
  watch(rows: readonly string[]): void;
  endWatch(): Promise<Sightings>;
  /** Changes a row at the source and invalidates its value. */
  change(options: { row: string; by: Means }): Promise<Change>;
  /** The value of another program, or of this cache, after a barrier if asked for; and whether it is from a copy. */
  look(options: { type: 'foreign' | 'row'; id: string; barrier: boolean }): Promise<Look>;
  leases(): { steps: LeaseStep[]; longestStallMs: number };
  underway(): Underway;
}

export interface Look {
  readonly version: number | undefined;
  readonly isCopy: boolean;
}

interface Opened {
  readonly cache: InspectedCache<typeof TYPES>;
  readonly source: Source;
  readonly reader: CopyReader;
  readonly steps: LeaseStep[];
}

async function openAll(opening: Opening, index: number): Promise<Opened> {
  const { servers, sourceUrl, namespace, detours, heartbeatMs, slowestReplyMs } = opening;
  if (detours) detourDuplicates(detours);
  const store = redisStore({ ...servers, heartbeatMs, socketTimeoutMs: 20_000 });
  const steps: LeaseStep[] = [];
  traceLeases(store, (step) => steps.push(step));
  const cache = new InspectedCache({
    types: TYPES,
    namespace,
    store,
    local: true,
    storeBudget: '20s', // as `wait`: a crowded machine is not what is tried here
    logger: false,
  });
  await cache.allReady();
  const late = new LateReplies(cache.lateParts(), slowestReplyMs ?? 0, seededRandom(index + 1));
  const source = new Source(sourceUrl, namespace);
  return { cache, source, reader: new CopyReader(cache, source, late, index + 1), steps };
}

serveFleet<MemberCommands>(({ index }) => {
  let opened: Opened | undefined;
  let isOver = false;
  const stalls = monitorEventLoopDelay({ resolution: 5 });
  const all = (): Opened => {
    if (!opened) throw new Error('"open" comes first');
    return opened;
  };
  const times = <T>(callers: number, call: () => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: callers }, call));

  return {
    async open(opening) {
      opened = await openAll(opening, index);
      stalls.enable();
    },
    async storm({ name, callers, loadMs }) {
      const { cache, source } = all();
      const values = cache.type('cold');
      const found = await times(callers, () => values.getOrSet(name, () => source.load(name, loadMs)));
      return [...new Set(found.map(({ version }) => version))];
    },
    async hold(name) {
      const { cache, source } = all();
      await cache.type('cold').getOrSet(name, async () => {
        await source.load(name, 0);
        return new Promise<never>(() => {});
      });
    },
    async insist({ name, callers }) {
      const { cache, source } = all();
      const ask = async (): Promise<number> => {
        for (;;) {
          try {
            return (await cache.type('broken').getOrSet(name, () => source.tryLoad(name, 20))).version;
          } catch (error) {
            if (!(error instanceof Error && error.message === 'the source is broken')) throw error;
          }
        }
      };
      return [...new Set(await times(callers, ask))];
    },
    async skip({ name, loadMs }) {
      const { cache, source } = all();
      const { version } = await cache.type('cold').getOrSet(name, ({ skip }) => {
        skip();
        return source.load(name, loadMs);
      });
      return version;
    },
    async readHot({ name, callers }) {
      const { cache, source } = all();
      const versions = new Set<number>();
      isOver = false;
      await times(callers, async () => {
        while (!isOver) {
          const { version } = await cache.type('hot').getOrSet(name, () => source.load(name, HOT_LOAD_MS));
          versions.add(version);
          await delay(3);
        }
      });
      return [...versions];
    },
    end() {
      isOver = true;
    },
    counts() {
      const stats = Object.values(all().cache.stats());
      const total = (count: 'misses' | 'stored' | 'loads' | 'refused' | 'localHits' | 'storeErrors') =>
        stats.reduce((sum, each) => sum + each[count], 0);
      return {
        misses: total('misses'),
        stored: total('stored'),
        loads: total('loads'),
        refused: total('refused'),
        localHits: total('localHits'),
        storeErrors: total('storeErrors'),
      };
    },
    async warm(rows) {
      const copies = await Promise.all(rows.map((row) => all().reader.warm(row)));
      return copies.filter(Boolean).length;
    },
    begin: (rows) => all().reader.begin(rows),
    untilHeld: ({ row, patienceMs }) => all().reader.untilHeld(row, patienceMs),
    settle: (changes) => all().reader.settle(changes),
    async readAfterBarrier(row) {
      const { cache, reader } = all();
      const hadCopy = cache.hasCopy(cache.type('row').keyOf(row));
      const { version } = await reader.readAfterBarrier(row);
      return { version, hadCopy, hasCopy: await reader.warm(row) };
    },
    watch: (rows) => all().reader.watch(rows),
    endWatch: () => all().reader.endWatch(),
    async change({ row, by }) {
      const { cache, source } = all();
      const version = await source.change(row);
      const called = process.hrtime.bigint();
      const { applied } = await invalidate(cache, row, by);
      if (!applied) throw new Error('an invalidation was not applied');
      return { row, version, called, resolved: process.hrtime.bigint() };
    },
    async look({ type, id, barrier }) {
      const { cache } = all();
      if (barrier) await cache.barrier();
      const isCopy = cache.hasCopy(cache.type(type).keyOf(id));
      const value = await cache.type(type).get(id);
      return { version: value?.version, isCopy };
    },
    leases() {
      const { steps } = all();
      return { steps, longestStallMs: Math.max(0, stalls.max / 1e6) };
    },
    underway: () => all().cache.underway(),
  };
});

function invalidate(cache: InspectedCache<typeof TYPES>, row: string, by: Means) {
  switch (by) {
    case 'key':
      return cache.type('row').invalidate(row);
    case 'tag':
      return cache.invalidateTags([tagOf(row)]);
    case 'type':
      return cache.type('row').invalidateAll();
  }
}
