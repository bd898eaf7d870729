import { tagKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connection/connection.ts';
import { readMany } from './many.ts';
import { newToken } from './token.ts';

/** Tag → nonce. */
export type Nonces = ReadonlyMap<string, string>;

/** At least as long as almost every entry lives: then no entry loses its nonce before its time. */
const NONCE_LIFE_MS = 24 * 60 * 60 * 1000;
const MAX_REMEMBERED = 10_000;

/**
 * The random marks that keep entries valid: an entry notes the nonces of its tags when its load began, and counts only while
 * they are unchanged (P1). Invalidating a tag deletes its nonce; an absent nonce matches nothing, so losing one only costs
 * misses (P5). Random, never a counter: a counter that is lost begins again and makes old entries valid.
 */
export class NonceKeeper {
  readonly #connection: Connection;
  readonly #now: () => number;
  /** Until when this process knows a nonce to live. Of this very nonce: the one after an invalidation has a life of its own. */
  readonly #lives = new LRUCache<string, Life>({ maxSize: MAX_REMEMBERED, sizeCalculation: () => 1 });

  constructor(connection: Connection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
  }

  /** The nonces of the tags; those that are missing are created. Each new one is drawn for this command alone. */
  async sample(namespace: string | undefined, tags: readonly string[]): Promise<Nonces> {
    const nonces = await Promise.all(tags.map((tag) => this.#sampleOne(tagKey(namespace, tag))));
    return new Map(tags.map((tag, index) => [tag, nonces[index] ?? '']));
  }

  async #sampleOne(key: string): Promise<string> {
    const drawn = newToken();
    const found = await this.#connection.client.set(key, drawn, 'PX', NONCE_LIFE_MS, 'NX', 'GET');
    return found ?? drawn;
  }

  async areUnchanged(namespace: string | undefined, nonces: Nonces): Promise<boolean> {
    const current = await readMany(
      this.#connection,
      [...nonces.keys()].map((tag) => tagKey(namespace, tag)),
    );
    return [...nonces.values()].every((nonce, index) => current[index]?.toString('latin1') === nonce);
  }

  /** Sees to it that nonces outlive an entry. Rare: a nonce is extended for as long again as it was asked for. */
  async outlive(namespace: string | undefined, nonces: Nonces, entryMs: number): Promise<void> {
    const now = this.#now();
    const due = [...nonces]
      .map(([tag, nonce]) => ({ key: tagKey(namespace, tag), nonce }))
      .filter(({ key, nonce }) => !this.#isKnownToLive(key, nonce, now + entryMs));
    const lifeMs = Math.max(NONCE_LIFE_MS, Math.ceil(entryMs * 2));
    await Promise.all(due.map(({ key }) => this.#connection.client.pexpire(key, lifeMs, 'GT')));
    for (const { key, nonce } of due) this.#lives.set(key, { nonce, until: now + lifeMs });
  }

  #isKnownToLive(key: string, nonce: string, until: number): boolean {
    const life = this.#lives.get(key);
    return life !== undefined && life.nonce === nonce && life.until >= until;
  }
}

interface Life {
  readonly nonce: string;
  readonly until: number;
}
