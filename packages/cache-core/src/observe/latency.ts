import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/**
 * What is timed. `read`: a read of the store. `load`: from the right to load to the value. `fill`: storing a loaded
 * value.
 */
export type Timed = 'read' | 'load' | 'fill';

/** Milliseconds, up to 1 % too high. */
export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Each is `undefined` until something was timed. */
export type TypeLatency = { readonly [What in Timed]: LatencySummary | undefined };

/** An hour, in microseconds; what takes longer counts as an hour. With two digits a histogram takes about 30 kB. */
const HIGHEST = 3_600_000_000;
const OPTIONS = { lowest: 1, highest: HIGHEST, figures: 2 };

/** How long things took, since the cache was made. */
export class LatencyRecorder {
  readonly #histograms: { [What in Timed]?: RecordableHistogram } = {};

  record(what: Timed, ms: number): void {
    this.#histograms[what] ??= createHistogram(OPTIONS);
    const microseconds = Math.round(ms * 1000);
    // A histogram throws for 0 and for what is no number; a clock must not fail a read (P4).
    this.#histograms[what].record(microseconds >= 1 ? Math.min(microseconds, HIGHEST) : 1);
  }

  /** @param others whose times count as well */
  summary(others?: LatencyRecorder): TypeLatency {
    const theirs = others ? others.#histograms : {};
    const of = (what: Timed) => summaryOf(this.#histograms[what], theirs[what]);
    return { read: of('read'), load: of('load'), fill: of('fill') };
  }
}

function summaryOf(own?: RecordableHistogram, others?: RecordableHistogram): LatencySummary | undefined {
  const histogram = own && others ? together(own, others) : (own ?? others);
  if (!histogram) return undefined;
  const percentileMs = (percent: number) => histogram.percentile(percent) / 1000;
  return {
    count: histogram.count,
    p50Ms: percentileMs(50),
    p90Ms: percentileMs(90),
    p99Ms: percentileMs(99),
    maxMs: histogram.max / 1000,
  };
}

function together(one: RecordableHistogram, two: RecordableHistogram): RecordableHistogram {
  const both = createHistogram(OPTIONS);
  both.add(one);
  both.add(two);
  return both;
}
