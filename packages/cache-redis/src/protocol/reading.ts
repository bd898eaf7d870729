import { type ReadReply, type StoreKey, tagKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connection/connection.ts';
import { decodeEntry, entryIdOf, type StoredValue } from './entry-format.ts';
import { readMany } from './many.ts';

/** Of the tags that are remembered, and their keys: characters, and what each costs besides, roughly. */
const MAX_CHARACTERS = 4_000_000;
const KEY_OVERHEAD = 100;
const TAG_OVERHEAD = 30;

/** Reads entries together with the nonces that keep them valid. */
export class EntryReader {
  readonly #connection: Connection;
  readonly #serverNow: () => number;
  /** The tags that a key had when it was last read: their nonces are asked for with it, so that a hit stays one round trip. */
  readonly #tagsSeen = new LRUCache<string, readonly string[]>({
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (tags, key) =>
      tags.reduce((total, tag) => total + tag.length + TAG_OVERHEAD, key.length + KEY_OVERHEAD),
  });
  /** The nonce of each type as last read. */
  readonly #typeNonces = new LRUCache<string, string>({ max: 1_000 });

  constructor(connection: Connection, serverNow: () => number) {
    this.#connection = connection;
    this.#serverNow = serverNow;
  }

  /** The store is closed. */
  forget(): void {
    this.#tagsSeen.clear();
    this.#typeNonces.clear();
  }

  /** The nonce of the type as this process last saw it; empty if it never did. */
  typeNonce({ scope }: StoreKey): string {
    return this.#typeNonces.get(tagKey(scope.namespace, scope.type)) ?? '';
  }

  /** One round trip, and a second one for the nonces of tags that only a value told. */
  async read(keys: readonly StoreKey[]): Promise<readonly ReadReply[]> {
    const expected = new Set<string>();
    for (const key of keys) {
      for (const tag of this.#expectedTags(key)) expected.add(tagKey(key.scope.namespace, tag));
    }
    const nonceKeys = [...expected];
    const replies = await readMany(this.#connection, [...keys.map((key) => key.text), ...nonceKeys]);
    const nonces = nonceMap(nonceKeys, replies.slice(keys.length));
    const values = keys.map((_key, index) => decodeReply(replies[index] ?? null));

    const missing = new Set<string>();
    for (const [index, key] of keys.entries()) {
      for (const name of tagKeysOf(key, values[index])) if (!nonces.has(name)) missing.add(name);
    }
    if (missing.size > 0) {
      const more = nonceMap([...missing], await readMany(this.#connection, [...missing]));
      for (const [name, nonce] of more) nonces.set(name, nonce);
    }

    for (const key of keys) this.#rememberTypeNonce(key, nonces);
    return keys.map((key, index) => this.#reply(key, values[index], nonces));
  }

  #expectedTags(key: StoreKey): readonly string[] {
    return [key.scope.type, ...(this.#tagsSeen.get(key.text) ?? [])];
  }

  #rememberTypeNonce({ scope }: StoreKey, nonces: ReadonlyMap<string, string | undefined>): void {
    const name = tagKey(scope.namespace, scope.type);
    const nonce = nonces.get(name);
    if (nonce === undefined) this.#typeNonces.delete(name);
    else this.#typeNonces.set(name, nonce);
  }

  #reply(key: StoreKey, value: Decoded | undefined, nonces: ReadonlyMap<string, string | undefined>): ReadReply {
    if (!value) return { kind: 'absent' };
    if (!('header' in value)) return this.#foreign(key, value.foreign);
    const { header, bytes } = value;
    const tags = header.tags.map(([tag]) => tag).filter((tag) => tag !== key.scope.type);
    if (tags.length > 0) this.#tagsSeen.set(key.text, tags);
    const carriesItsType = tags.length < header.tags.length; // else a value of another type was put here
    const isValid = header.tags.every(([tag, nonce]) => nonces.get(tagKey(key.scope.namespace, tag)) === nonce); // P1
    if (!carriesItsType || !isValid) return { kind: 'rejected', id: header.id, reason: 'invalidated' };
    const ageMs = Math.max(0, this.#serverNow() - header.at);
    const entry = {
      id: header.id,
      bytes,
      tags,
      loadMs: header.load,
      ageMs,
      freshForMs: header.stale ? 0 : Math.max(0, header.fresh - ageMs),
      expiresInMs: Math.max(0, header.ttl - ageMs),
    };
    return { kind: 'hit', entry };
  }

  /** A value that another program wrote: only key and pattern invalidation reach it. */
  #foreign(key: StoreKey, bytes: Buffer): ReadReply {
    const id = entryIdOf(bytes);
    if (!key.acceptsForeign) return { kind: 'rejected', id, reason: 'unreadable' };
    return {
      kind: 'hit',
      entry: {
        id,
        bytes,
        tags: [],
        loadMs: 0,
        ageMs: 0,
        freshForMs: Number.POSITIVE_INFINITY,
        expiresInMs: Number.POSITIVE_INFINITY,
      },
    };
  }
}

type Decoded = StoredValue | { readonly foreign: Buffer };

function decodeReply(reply: Buffer | null): Decoded | undefined {
  return reply === null ? undefined : (decodeEntry(reply) ?? { foreign: reply });
}

function tagKeysOf(key: StoreKey, value: Decoded | undefined): string[] {
  if (!value || !('header' in value)) return [];
  return value.header.tags.map(([tag]) => tagKey(key.scope.namespace, tag));
}

function nonceMap(names: readonly string[], replies: readonly (Buffer | null)[]): Map<string, string | undefined> {
  return new Map(names.map((name, index) => [name, replies[index]?.toString('latin1')]));
}
