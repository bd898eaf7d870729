import { type Cache, createCache, type FillOptions, type Logger, type TypeStats } from '@huntly/cache-core';
import { type HistoryEvent, seededRandom } from '@huntly/cache-testing';
import type { Cluster, Redis } from 'ioredis';
import { redisStore } from '../../src/index.ts';
import { faultyStore } from './faults.ts';
import { patientClient } from './patient-client.ts';
import { labelOf, type Opening, type Row, rowsOf, TYPES, type Versioned } from './plan.ts';
import { Source } from './source.ts';

/** Callers of each value in one process: some of them join the loads of others. */
const CALLERS = 2;

/** How a run went for one cache. */
export interface RacerReport extends Pick<TypeStats, 'hits' | 'stored' | 'refused' | 'storeErrors'> {
  /** What it had to warn of. */
  readonly warnings: readonly string[];
}

/** One process of a race, for one run: it reads and loads, or changes and invalidates. */
export class Racer {
  readonly #opening: Opening;
  readonly #index: number;
  readonly #record: (event: HistoryEvent) => void;
  readonly #random: () => number;
  readonly #source: Source;
  readonly #client: Redis | Cluster;
  readonly #cache: Cache<typeof TYPES>;
  readonly #warnings: string[] = [];
  #isOver = false;

  private constructor(opening: Opening, index: number, record: (event: HistoryEvent) => void) {
    const { servers, namespace, sourceUrl, seed, fault } = opening;
    this.#opening = opening;
    this.#index = index;
    this.#record = record;
    this.#random = seededRandom(seed + index);
    this.#source = new Source(sourceUrl, namespace, this.#random);
    this.#client = patientClient(servers);
    const real = redisStore({ client: this.#client });
    const store = fault ? faultyStore(real, fault, this.#client) : real;
    this.#cache = createCache({
      types: TYPES,
      namespace,
      store,
      storeBudget: false,
      logger: this.#logger(),
      random: this.#random,
    });
  }

  static async open(opening: Opening, index: number, record: (event: HistoryEvent) => void): Promise<Racer> {
    const racer = new Racer(opening, index, record);
    await racer.#cache.ready();
    return racer;
  }

  /** Several callers read each value of each row, over and over, until `end`. */
  async read(): Promise<void> {
    const callers = rowsOf(this.#opening.kind).flatMap((row) =>
      row.identifiers.flatMap((identifier) => Array.from({ length: CALLERS }, () => this.#readOn(row, identifier))),
    );
    await Promise.all(callers);
  }

  end(): void {
    this.#isOver = true;
  }

  /** Changes each row so many times; each change is invalidated. One process alone, so that a label tells what was before. */
  async write(rounds: number): Promise<void> {
    await Promise.all(rowsOf(this.#opening.kind).map((row) => this.#writeOn(row, rounds)));
  }

  async close(): Promise<RacerReport> {
    await this.#cache.close();
    this.#client.disconnect();
    this.#source.close();
    const types = Object.values(this.#cache.stats());
    const total = (count: 'hits' | 'stored' | 'refused' | 'storeErrors') =>
      types.reduce((sum, each) => sum + each[count], 0);
    return {
      hits: total('hits'),
      stored: total('stored'),
      refused: total('refused'),
      storeErrors: total('storeErrors'),
      warnings: this.#warnings,
    };
  }

  #logger(): Logger {
    const ignore = () => {};
    const note = (details: object, message?: string) => {
      const cause = 'err' in details ? `: ${String(details.err)}` : '';
      this.#warnings.push(`process ${this.#index}: ${message ?? ''}${cause}`);
    };
    return { debug: ignore, info: ignore, warn: note, error: note, isLevelEnabled: (level) => level !== 'debug' };
  }

  async #readOn(row: Row, identifier: string): Promise<void> {
    const values = this.#cache.type(row.type);
    const key = values.keyOf(identifier);
    while (!this.#isOver) {
      const isLook = this.#random() < 0.25; // a look does not wait for the load of another process
      const begin = process.hrtime.bigint();
      const value = isLook
        ? await values.get(identifier)
        : await values.getOrSet(identifier, () => this.#load(row, key), this.#tagsOf(row));
      const end = process.hrtime.bigint();
      if (!value) continue;
      this.#record({ kind: 'read', process: this.#index, row: row.name, key, version: value.version, begin, end });
    }
  }

  async #load(row: Row, key: string): Promise<Versioned> {
    const begin = process.hrtime.bigint();
    const version = await this.#source.read(row.name);
    const end = process.hrtime.bigint();
    this.#record({ kind: 'load', process: this.#index, row: row.name, key, version, begin, end });
    return { version, label: labelOf(row.name, version) };
  }

  #tagsOf(row: Row): FillOptions<Versioned> {
    if (this.#opening.kind === 'knownTag') return { tags: [row.name] };
    return this.#opening.kind === 'lateTag' ? { tags: (value) => [value.label] } : {};
  }

  async #writeOn(row: Row, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const version = await this.#source.change(row.name);
      const called = process.hrtime.bigint();
      const isApplied = await this.#invalidate(row, version);
      const resolved = isApplied ? process.hrtime.bigint() : undefined;
      this.#record({ kind: 'invalidation', process: this.#index, row: row.name, version, called, resolved });
    }
  }

  async #invalidate({ name, type, identifiers }: Row, version: number): Promise<boolean> {
    switch (this.#opening.kind) {
      case 'key':
        return (await this.#cache.type(type).invalidateMany(identifiers)).applied;
      case 'knownTag':
        return (await this.#cache.invalidateTags([name])).applied;
      case 'lateTag':
        return (await this.#cache.invalidateTags([labelOf(name, version - 1)])).applied;
      case 'type':
        return (await this.#cache.type(type).invalidateAll()).applied;
      case 'pattern':
        await this.#cache.invalidatePattern(`${type}:${name}-*`);
        return true;
    }
  }
}
