import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Versioned } from './opening.ts';

/** What all processes read from, in a server of its own, which counts how they do. */
export class Source {
  readonly #client: Redis;
  readonly #prefix: string;

  constructor(url: string, namespace: string) {
    this.#client = new Redis(url);
    this.#prefix = `${namespace}:`;
  }

  /** Each load makes a version of its own: the last one is the number of loads. */
  async load(name: string, takesMs: number): Promise<Versioned> {
    const version = await this.#client.incr(this.#key('loads', name));
    await delay(takesMs);
    return { version };
  }

  async loads(name: string): Promise<number> {
    return Number(await this.#client.get(this.#key('loads', name)));
  }

  /** Fails until it is repaired. Notes how many tried at a time. */
  async tryLoad(name: string, takesMs: number): Promise<Versioned> {
    const trying = await this.#client.incr(this.#key('trying', name));
    await this.#client.zadd(this.#key('most', name), 'GT', trying, 'at a time');
    const loaded = await this.load(name, takesMs);
    const isRepaired = await this.#client.exists(this.#key('repaired', name));
    await this.#client.decr(this.#key('trying', name));
    if (!isRepaired) throw new Error('the source is broken');
    return loaded;
  }

  async repair(name: string): Promise<void> {
    await this.#client.set(this.#key('repaired', name), 1);
  }

  async mostAtATime(name: string): Promise<number> {
    return Number(await this.#client.zscore(this.#key('most', name), 'at a time'));
  }

  /** The version is read at once and comes late. */
  async read(row: string, takesMs: number): Promise<Versioned> {
    const version = Number(await this.#client.get(this.#key('row', row)));
    if (takesMs > 0) await delay(takesMs);
    return { version };
  }

  /** @returns the new version, in the moment that the change is known */
  change(row: string): Promise<number> {
    return this.#client.incr(this.#key('row', row));
  }

  close(): void {
    this.#client.disconnect();
  }

  #key(what: string, name: string): string {
    return `${this.#prefix}${what}:${name}`;
  }
}
