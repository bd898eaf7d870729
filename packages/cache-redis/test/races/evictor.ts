import { namespacePrefix } from '@huntly/cache-core';
import { seededRandom } from '@huntly/cache-testing';
import { Redis } from 'ioredis';

/** How many keys were evicted, by what they were. */
export interface Evicted {
  values: number;
  leases: number;
  nonces: number;
  logs: number;
}

/** One look at all keys in so many evicts one: then some values live long enough to be read. */
const ODDS = 1 / 10;

/** Removes keys of a namespace at random, as a server that is full would: values, leases, nonces, the invalidation log. */
export class Evictor {
  readonly #client: Redis;
  /** Of all keys of the namespace. */
  readonly #prefix: string;
  readonly #random: () => number;
  #isOver = false;

  constructor({ url, namespace, seed }: { url: string; namespace: string; seed: number }) {
    this.#client = new Redis(url);
    this.#prefix = namespacePrefix(namespace);
    this.#random = seededRandom(seed);
  }

  /** Until `end`. */
  async run(): Promise<Evicted> {
    const evicted: Evicted = { values: 0, leases: 0, nonces: 0, logs: 0 };
    while (!this.#isOver) {
      const [, names] = await this.#client.scan('0', 'MATCH', `${this.#prefix}*`, 'COUNT', 1_000);
      const name = this.#pick(names);
      if (name === undefined || this.#random() >= ODDS) continue;
      const removed = await (this.#random() < 0.5 ? this.#client.del(name) : this.#client.unlink(name));
      evicted[this.#sortOf(name)] += removed;
    }
    this.#client.disconnect();
    return evicted;
  }

  end(): void {
    this.#isOver = true;
  }

  /** First a sort, then one of its keys: the one log is met as often as the many leases. */
  #pick(names: readonly string[]): string | undefined {
    const sort = this.#oneOf([...new Set(names.map((name) => this.#sortOf(name)))]);
    return this.#oneOf(names.filter((name) => this.#sortOf(name) === sort));
  }

  #oneOf<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#random() * choices.length)];
  }

  #sortOf(name: string): keyof Evicted {
    const [word, identifier] = name.slice(this.#prefix.length).split(':');
    if (word === 'lease') return 'leases';
    if (word !== 'tag') return 'values';
    return identifier === undefined ? 'logs' : 'nonces';
  }
}
