import type { RankedMember, Ranking, RankingOptions } from '@huntly/cache-core';
import type { Connection } from './connection/connection.ts';
import { redacted } from './redaction.ts';

/** The lowest members are dropped once in so many additions: dropping them each time would not let a new one rise. */
const ADDITIONS_PER_TRIM = 100;

/** A ranking in a sorted set, bounded by its capacity and the additions between two trims (P7). */
export class RedisRanking implements Ranking {
  readonly #connection: Connection;
  readonly #key: string;
  readonly #options: RankingOptions;
  #additions = 0;

  constructor(connection: Connection, key: string, options: RankingOptions) {
    this.#connection = connection;
    this.#key = key;
    this.#options = options;
  }

  async add(counts: ReadonlyMap<string, number>): Promise<void> {
    const { client } = this.#connection;
    await redacted(Promise.all([...counts].map(([member, count]) => client.zincrby(this.#key, count, member))));
    this.#additions += counts.size;
    if (this.#additions < ADDITIONS_PER_TRIM) return;
    this.#additions = 0;
    const { capacity, lifeMs } = this.#options;
    await redacted(client.zremrangebyrank(this.#key, 0, -(capacity + 1)));
    if (lifeMs !== undefined) await redacted(client.pexpire(this.#key, Math.ceil(lifeMs)));
  }

  async top(limit: number): Promise<readonly RankedMember[]> {
    const last = Math.min(limit, this.#options.capacity) - 1;
    const reply = await redacted(this.#connection.client.zrevrange(this.#key, 0, last, 'WITHSCORES'));
    const members: RankedMember[] = [];
    for (let index = 0; index + 1 < reply.length; index += 2) {
      members.push({ member: reply[index] ?? '', score: Number(reply[index + 1]) });
    }
    return members;
  }

  async remove(member: string): Promise<boolean> {
    return (await redacted(this.#connection.client.zrem(this.#key, [member]))) > 0;
  }

  async clear(): Promise<void> {
    await redacted(this.#connection.client.unlink(this.#key));
  }
}
