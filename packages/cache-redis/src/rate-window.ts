import type { Clock, StoreReport } from '@huntly/cache-core';
import type { ServerInfo } from './info.ts';

/** What is too short says nothing: a single read would be the whole ratio. */
const SHORTEST_MS = 1_000;

interface Sample {
  readonly at: number;
  readonly counters: ReadonlyMap<string, Pick<ServerInfo, 'evictedKeys' | 'hits' | 'misses'>>;
}

type Rates = Pick<StoreReport, 'evictedPerSecond' | 'hitRatio' | 'windowSeconds'>;

/** Rates from the counters of servers, between one report and an earlier one: lifetime totals say nothing of today. */
export class RateWindow {
  readonly #clock: Clock;
  /** Two, so that reports that follow each other closely are all compared with one that is old enough. */
  #older: Sample | undefined;
  #newer: Sample | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  since(infos: readonly ServerInfo[]): Rates {
    const now: Sample = { at: this.#clock.now(), counters: new Map(infos.flatMap((each) => countersOf(each))) };
    const base = [this.#newer, this.#older].find((sample) => sample && now.at - sample.at >= SHORTEST_MS);
    if (!this.#newer || now.at - this.#newer.at >= SHORTEST_MS) {
      this.#older = this.#newer;
      this.#newer = now;
    }
    return base ? rates(base, now) : {};
  }
}

function countersOf(info: ServerInfo): [string, ServerInfo][] {
  return info.runId === undefined ? [] : [[info.runId, info]];
}

function rates(base: Sample, now: Sample): Rates {
  const windowSeconds = (now.at - base.at) / 1_000;
  const growth = { evictedKeys: 0, hits: 0, misses: 0 };
  let isKnown = false;
  for (const [server, counters] of now.counters) {
    const before = base.counters.get(server); // a server that was started since is not known: its counters began again
    if (!before) continue;
    for (const name of ['evictedKeys', 'hits', 'misses'] as const) {
      const [from, to] = [before[name], counters[name]];
      if (from === undefined || to === undefined) continue;
      isKnown = true;
      growth[name] += Math.max(0, to - from); // CONFIG RESETSTAT
    }
  }
  if (!isKnown) return {};
  const reads = growth.hits + growth.misses;
  return {
    evictedPerSecond: Math.round((growth.evictedKeys / windowSeconds) * 100) / 100,
    hitRatio: reads > 0 ? Math.round((growth.hits / reads) * 1_000) / 1_000 : undefined,
    windowSeconds: Math.round(windowSeconds * 10) / 10,
  };
}
