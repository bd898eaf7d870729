import { logKey } from '@huntly/cache-core';
import type { RedisClient } from '../connection/client.ts';
import { Script } from './script.ts';
import { newToken } from './token.ts';

/** Invalidations of tags that are remembered. A load that takes longer than so many is not stored. */
const CAPACITY = 10_000;
/** Longer entries leave room for fewer, so that the log stays within some megabytes (P7). */
const USUAL_LENGTH = 200;

/**
 * A log that is not used any more ends (P7). A load that takes longer than half of this is not stored if nothing is
 * noted meanwhile: the log may be gone then.
 */
const LIFE_MS = 60 * 60 * 1000;

/**
 * Appends an entry; the log lives on. KEYS: log. ARGV: its life in ms, the entries to keep, a new token, tags as JSON.
 * Answers the id.
 */
export const APPEND = new Script(`
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'token', ARGV[3], 'tags', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return id
`);

/** What it takes to note a place. */
export const MARKING_COMMANDS: readonly string[] = [...APPEND.commands, 'XREVRANGE', 'PTTL'];

/** A place in the log. The token is part of it: after the log was lost, ids may come again. */
export interface LogMark {
  readonly id: string;
  readonly token: string;
}

/**
 * The tags that were invalidated last, in a capped stream: for tags that are known only once the value is there. Their
 * nonces cannot be sampled before the source is read, so a load notes the newest place before it reads, and looks later
 * which tags came after.
 */
export class InvalidationLog {
  readonly #client: RedisClient;
  readonly #key: string;

  constructor(client: RedisClient, namespace: string | undefined) {
    this.#client = client;
    this.#key = logKey(namespace);
  }

  /** The newest place. In an empty log it makes one: "nothing before" cannot be told from "lost". */
  async mark(): Promise<LogMark> {
    const [[newest], leftMs] = await Promise.all([
      this.#client.xrevrange(this.#key, '+', '-', 'COUNT', 1),
      this.#client.pttl(this.#key),
    ]);
    if (!newest) {
      const token = newToken();
      return { id: await this.#append(token, []), token };
    }
    if (leftMs * 2 < LIFE_MS) await this.#client.pexpire(this.#key, LIFE_MS);
    return { id: newest[0], token: parse(newest[1]).token };
  }

  /** The tags invalidated after `mark`; `undefined` if the place is gone, so that any tag may have been. */
  async since(mark: LogMark): Promise<ReadonlySet<string> | undefined> {
    const [noted, ...later] = await this.#client.xrange(this.#key, mark.id, '+');
    if (!noted || noted[0] !== mark.id || parse(noted[1]).token !== mark.token) return undefined;
    return new Set(later.flatMap(([, fields]) => parse(fields).tags));
  }

  /**
   * Notes invalidated tags. A server that has no memory left refuses: then the whole log goes, and every load that
   * noted a place in it is refused.
   */
  async append(tags: readonly string[]): Promise<void> {
    try {
      await this.#append(newToken(), tags);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('OOM'))) throw error;
      await this.#client.unlink(this.#key);
    }
  }

  async #append(token: string, tags: readonly string[]): Promise<string> {
    const text = JSON.stringify(tags);
    const capacity = Math.ceil(CAPACITY / Math.max(1, text.length / USUAL_LENGTH));
    const id = await APPEND.run(this.#client, [this.#key], [LIFE_MS, capacity, token, text]);
    if (typeof id !== 'string') throw new Error('The invalidation log was not written.');
    return id;
  }
}

/** Fields in the order in which they were appended. */
function parse(fields: readonly string[]): { token: string; tags: readonly string[] } {
  const [, token = '', , tags = '[]'] = fields;
  return { token, tags: JSON.parse(tags) as string[] };
}
