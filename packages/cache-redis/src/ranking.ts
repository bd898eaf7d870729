import { RANKING_SLACK, type RankedMember, type Ranking, type RankingOptions } from '@huntly/cache-core';
import type { Connection } from './connection/connection.ts';
import { chunks } from './protocol/many.ts';
import { ADD_TO_RANKING } from './protocol/ranking-script.ts';
import { redacted } from './redaction.ts';

/** A script that adds more than this would delay other commands. */
const ADDED_AT_ONCE = 500;

/**
 * A ranking in a sorted set, which the server itself keeps within its capacity (P7): processes that add little may be
 * many.
 */
export class RedisRanking implements Ranking {
  readonly #connection: Connection;
  readonly #key: string;
  readonly #options: RankingOptions;

  constructor(connection: Connection, key: string, options: RankingOptions) {
    this.#connection = connection;
    this.#key = key;
    this.#options = options;
  }

  async add(amounts: ReadonlyMap<string, number>): Promise<void> {
    const { capacity, lifeMs = 0, isLogarithmic = false } = this.#options;
    const bounds = [capacity, Math.floor(capacity * RANKING_SLACK), Math.ceil(lifeMs), isLogarithmic ? 'yes' : 'no'];
    for (const some of chunks([...amounts], ADDED_AT_ONCE)) {
      await redacted(ADD_TO_RANKING.run(this.#connection.client, [this.#key], [...bounds, ...some.flat()]));
    }
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
