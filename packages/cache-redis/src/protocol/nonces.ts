import { type Clock, tagKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connection/connection.ts';
import { readMany } from './many.ts';
import { SAMPLE } from './nonce-script.ts';
import { runOverKeys } from './over-keys.ts';
import { newToken } from './token.ts';

export interface Nonce {
  /** Its key, built once: it is asked for again before the fill. */
  readonly name: string;
  readonly text: string;
  /** It lives at least until then, on the monotonic clock of this process. */
  readonly livesUntil: number;
}

/** Tag → nonce. */
export type Nonces = ReadonlyMap<string, Nonce>;

/** At least as long as almost every entry lives: then no entry loses its nonce before its time. */
const NONCE_LIFE_MS = 24 * 60 * 60 * 1000;
/** Types whose entries live longer than that, as far as this process has seen. */
const MAX_LONG_TYPES = 1_000;

/** Whose tags are sampled. */
interface Owner {
  readonly namespace: string | undefined;
  readonly type: string;
}

/**
 * The random marks that keep entries valid: an entry notes the nonces of its tags when its load began, and counts only
 * while they are unchanged (P1). Invalidating a tag deletes its nonce; an absent nonce matches nothing, so losing one
 * only costs misses (P5). Random, never a counter: a counter that is lost begins again and makes old entries valid.
 */
export class NonceKeeper {
  readonly #connection: Connection;
  readonly #clock: Clock;
  /** The life of new nonces of a type whose entries live long: else each load would extend what it has just created. */
  readonly #longLives = new LRUCache<string, number>({ max: MAX_LONG_TYPES });

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** The nonces of tags that are known before the load; those that are missing are created. `outlive` must follow. */
  async sample(owner: Owner, tags: readonly string[]): Promise<Nonces> {
    const names = tags.map((tag) => tagKey(owner.namespace, tag));
    return byTag(tags, await this.#run(owner, names, 0));
  }

  /**
   * The nonces of tags that only the value told, made to outlive it. Runs before what is sent to the same server after
   * this call: the log must be read later (P1).
   */
  async sampleLate(owner: Owner, tags: readonly string[], entryMs: number): Promise<Nonces> {
    const names = tags.map((tag) => tagKey(owner.namespace, tag));
    return byTag(tags, await this.#run(owner, names, entryMs, { inOrder: true }));
  }

  async areUnchanged(nonces: Nonces): Promise<boolean> {
    const expected = [...nonces.values()];
    const current = await readMany(
      this.#connection,
      expected.map(({ name }) => name),
    );
    return expected.every(({ text }, index) => current[index]?.toString('latin1') === text);
  }

  /** Sees to it that nonces outlive an entry. Rare, and announced as if they had changed: so only what needs it. */
  async outlive(owner: Owner, nonces: Nonces, entryMs: number): Promise<void> {
    const until = this.#clock.now() + entryMs;
    const due = [...nonces.values()].filter(({ livesUntil }) => livesUntil < until).map(({ name }) => name);
    await this.#run(owner, due, entryMs);
  }

  async #run(
    owner: Owner,
    names: readonly string[],
    entryMs: number,
    { inOrder = false } = {},
  ): Promise<readonly Nonce[]> {
    if (names.length === 0) return [];
    const sentAt = this.#clock.now();
    const args = [newToken(), this.#lifeFor(owner, entryMs), Math.ceil(entryMs)];
    const words = await runOverKeys(this.#connection, SAMPLE, names, args, { inOrder });
    return names.map((name, index) => ({
      name,
      text: words[index * 2] ?? '',
      livesUntil: sentAt + Number(words[index * 2 + 1]),
    }));
  }

  #lifeFor({ namespace, type }: Owner, entryMs: number): number {
    const name = tagKey(namespace, type);
    const wanted = Math.ceil(entryMs * 2);
    const known = this.#longLives.get(name) ?? NONCE_LIFE_MS;
    if (wanted <= known) return known;
    this.#longLives.set(name, wanted);
    return wanted;
  }
}

function byTag(tags: readonly string[], nonces: readonly Nonce[]): Nonces {
  return new Map(nonces.map((nonce, index) => [tags[index] ?? '', nonce]));
}
