import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** The longest that reading a row takes: longer than an invalidation, so that they overlap often. */
const SLOWEST_READ_MS = 8;
/** The longest that changing a row takes: most changes meet loads, some leave time for values to be stored and read. */
const SLOWEST_CHANGE_MS = 16;

/** The slow source of a run: a version for each row, in a server of its own that all processes share. */
export class Source {
  readonly #client: Redis;
  readonly #prefix: string;
  readonly #random: () => number;

  constructor(url: string, namespace: string, random: () => number) {
    this.#client = new Redis(url);
    this.#prefix = `${namespace}:`;
    this.#random = random;
  }

  /** The version is read at once and comes late. */
  async read(row: string): Promise<number> {
    const version = await this.#client.get(this.#prefix + row);
    await delay(this.#random() * SLOWEST_READ_MS);
    return Number(version ?? 0);
  }

  /** Commits the next version; returns it in the moment that the commit is known. */
  async change(row: string): Promise<number> {
    await delay(this.#random() ** 2 * SLOWEST_CHANGE_MS);
    return this.#client.incr(this.#prefix + row);
  }

  close(): void {
    this.#client.disconnect();
  }
}
