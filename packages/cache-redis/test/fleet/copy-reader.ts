import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { seededRandom } from '@huntly/cache-testing';
import type { InspectedCache } from './inspected-cache.ts';
import type { HeldAnswer, LateReplies } from './late-replies.ts';
import type { TYPES } from './opening.ts';
import type { Source } from './source.ts';

/** A row was changed to this version at the source, and its value invalidated between these times. */
export interface Change {
  readonly row: string;
  readonly version: number;
  readonly called: bigint;
  readonly resolved: bigint;
}

/** What came of a round: reads during a change, and what copies said after it. */
export interface RoundReport {
  readonly raced: number;
  /** Values that were answered before a change, and came after it was announced. */
  readonly overtaken: number;
  /** After a barrier: rows whose value was older than the last change. */
  readonly old: readonly string[];
  /** Rows that had a copy when they were looked at a second time. */
  readonly copies: number;
}

/** When a read began that saw a version, for the last time, by row. */
export type Sightings = ReadonlyMap<string, ReadonlyMap<number, bigint>>;

/** Of a row: a single one is not helped by the fills of others, which drop copies as well. */
const MOST_CALLERS = 3;
const SLOWEST_LOAD_MS = 3;
/** A moment for others between two rounds: reads of copies take no time. */
const PAUSE_MS = 2;

/** Reads rows through a cache that keeps copies, while others change them. */
export class CopyReader {
  readonly #cache: InspectedCache<typeof TYPES>;
  readonly #source: Source;
  readonly #late: LateReplies;
  readonly #random: () => number;
  #isOver = true;
  #reading: Promise<unknown> = Promise.resolve();
  #reads: { row: string; begin: bigint; end: bigint }[] = [];
  #sightings = new Map<string, Map<number, bigint>>();

  constructor(cache: InspectedCache<typeof TYPES>, source: Source, late: LateReplies, seed: number) {
    this.#cache = cache;
    this.#source = source;
    this.#late = late;
    this.#random = seededRandom(seed);
  }

  /** The value, after which there is a copy: a fill leaves none, the next read does. */
  async warm(row: string): Promise<boolean> {
    await this.#read(row, 0);
    await this.#read(row, 0);
    return this.#hasCopy(row);
  }

  /** Reads them over and over, until `settle`. */
  begin(rows: readonly string[]): void {
    this.#isOver = false;
    this.#reads = [];
    this.#late.take();
    const callers = rows.flatMap((row, index) =>
      Array.from({ length: 1 + (index % MOST_CALLERS) }, () => this.#readOn(row)),
    );
    this.#reading = Promise.all(callers);
  }

  untilHeld(row: string, patienceMs: number): Promise<void> {
    return this.#late.untilHeld(this.#cache.type('row').keyOf(row), patienceMs);
  }

  /** After the changes: everything is read once more, by whatever answers it. */
  async settle(changes: readonly Change[]): Promise<RoundReport> {
    this.#isOver = true;
    await this.#reading;
    await this.#cache.barrier();
    const byRow = new Map(changes.map((change) => [change.row, change]));
    const overlaps = ({ row, begin, end }: { row: string; begin: bigint; end: bigint }): boolean => {
      const change = byRow.get(row);
      return change !== undefined && begin < change.resolved && end > change.called;
    };
    const raced = this.#reads.filter(overlaps).length;
    const overtaken = this.#overtakenBy(changes);
    const seen = await Promise.all(changes.map(({ row }) => this.#read(row, 0)));
    const old = changes.flatMap(({ row, version }, index) => {
      const found = seen[index]?.version ?? 0;
      return found < version ? [`${row}: ${found} after ${version}`] : [];
    });
    const copies = await Promise.all(changes.map(({ row }) => this.warm(row)));
    return { raced, overtaken, old, copies: copies.filter(Boolean).length };
  }

  #overtakenBy(changes: readonly Change[]): number {
    const calledAt = new Map(changes.map(({ row, called }) => [this.#cache.type('row').keyOf(row), called]));
    const isOvertaken = ({ key, answeredAt, overtakenAt = 0n }: HeldAnswer): boolean => {
      const called = calledAt.get(key);
      return called !== undefined && answeredAt < called && overtakenAt > called;
    };
    return this.#late.take().filter(isOvertaken).length;
  }

  async readAfterBarrier(row: string): Promise<{ version: number }> {
    await this.#cache.barrier();
    const { version } = await this.#read(row, 0);
    return { version };
  }

  /** Reads all of them again and again, and notes when a read began that saw a version, for the last time; until `endWatch`. */
  watch(rows: readonly string[]): void {
    this.#isOver = false;
    this.#sightings = new Map(rows.map((row) => [row, new Map()]));
    this.#reading = this.#watchOn(rows);
  }

  async endWatch(): Promise<Sightings> {
    this.#isOver = true;
    await this.#reading;
    return this.#sightings;
  }

  async #watchOn(rows: readonly string[]): Promise<void> {
    while (!this.#isOver) {
      await Promise.all(
        rows.map(async (row) => {
          const begin = process.hrtime.bigint();
          const { version } = await this.#read(row, 0);
          this.#sightings.get(row)?.set(version, begin);
        }),
      );
      await delay(PAUSE_MS);
    }
  }

  async #readOn(row: string): Promise<void> {
    while (!this.#isOver) {
      if (this.#hasCopy(row)) await delay(1);
      else await nextTurn();
      const begin = process.hrtime.bigint();
      await this.#read(row, this.#random() * SLOWEST_LOAD_MS);
      this.#reads.push({ row, begin, end: process.hrtime.bigint() });
    }
  }

  #read(row: string, takesMs: number) {
    return this.#cache.type('row').getOrSet(row, () => this.#source.read(row, takesMs), { tags: [tagOf(row)] });
  }

  #hasCopy(row: string): boolean {
    return this.#cache.hasCopy(this.#cache.type('row').keyOf(row));
  }
}

export function tagOf(row: string): string {
  return `tag-of-${row}`;
}
