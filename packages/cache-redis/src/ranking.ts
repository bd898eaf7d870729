import type { RankedMember, Ranking } from '@huntly/cache-core';
import type { Connection } from './connection/connection.ts';

/** The lowest members are dropped once in so many additions: dropping them each time would not let a new one rise. */
const ADDITIONS_PER_TRIM = 100;

/** A ranking in a sorted set. */
export class RedisRanking implements Ranking {
  readonly #connection: Connection;
  readonly #key: string;
  readonly #capacity: number;
  #additions = 0;

  constructor(connection: Connection, key: string, options: { capacity: number }) {
    this.#connection = connection;
    this.#key = key;
    this.#capacity = options.capacity;
  }

  async add(counts: ReadonlyMap<string, number>): Promise<void> {
    const { client } = this.#connection;
    await Promise.all([...counts].map(([member, count]) => client.zincrby(this.#key, count, member)));
    this.#additions += counts.size;
    if (this.#additions < ADDITIONS_PER_TRIM) return;
    this.#additions = 0;
    await client.zremrangebyrank(this.#key, 0, -(this.#capacity + 1));
  }

  async top(limit: number): Promise<readonly RankedMember[]> {
    const last = Math.min(limit, this.#capacity) - 1;
    const reply = await this.#connection.client.zrevrange(this.#key, 0, last, 'WITHSCORES');
    const members: RankedMember[] = [];
    for (let index = 0; index + 1 < reply.length; index += 2) {
      members.push({ member: reply[index] ?? '', score: Number(reply[index + 1]) });
    }
    return members;
  }

  async remove(member: string): Promise<boolean> {
    return (await this.#connection.client.zrem(this.#key, member)) > 0;
  }

  async clear(): Promise<void> {
    await this.#connection.client.unlink(this.#key);
  }
}
