import { type ReadReply, type Scope, type StoreKey, tagKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connection/connection.ts';
import { decodeEntry, entryIdOf, type Header, type StoredValue } from './entry-format.ts';
import { readMany } from './many.ts';
import { NonceNames } from './nonce-names.ts';
import type { ServerClock } from './server-clock.ts';

/** Name of a nonce → nonce. Names that are not in it were not asked for. */
type Found = Map<string, string | undefined>;

/** Reads entries together with the nonces that keep them valid. */
export class EntryReader {
  readonly #connection: Connection;
  readonly #serverClock: ServerClock;
  readonly #names = new NonceNames();
  /** The nonce of each type as last read. */
  readonly #typeNonces = new LRUCache<string, string>({ max: 1_000 });

  constructor(connection: Connection, serverClock: ServerClock) {
    this.#connection = connection;
    this.#serverClock = serverClock;
  }

  /** The nonce of the type as this process last saw it; empty if it never did. */
  typeNonce({ scope }: StoreKey): string {
    return this.#typeNonces.get(tagKey(scope.namespace, scope.type)) ?? '';
  }

  /** One round trip, and a second one for the nonces of tags that only a value told. */
  async read(keys: readonly StoreKey[]): Promise<readonly ReadReply[]> {
    const typeNames = new TypeNames();
    const expected = new Set<string>();
    for (const key of keys) {
      expected.add(typeNames.of(key.scope));
      for (const name of this.#names.expectedFor(key.text)) expected.add(name);
    }
    const asked = [...expected];
    const replies = await readMany(this.#connection, [...keys.map((key) => key.text), ...asked]);
    const found: Found = new Map();
    for (const [index, name] of asked.entries()) found.set(name, nonceOf(replies[keys.length + index]));
    const values = keys.map((key, index) => this.#decoded(key, replies[index] ?? null));

    const missing = new Set<string>();
    for (const { names } of values) for (const name of names) if (!found.has(name)) missing.add(name);
    if (missing.size > 0) await this.#findMore([...missing], found);
    if (values.some(({ value }) => isOurs(value) && this.#serverClock.isFuture(value.header.at))) {
      await this.#serverClock.askAgain();
    }

    for (const { scope } of keys) this.#rememberTypeNonce(typeNames.of(scope), found);
    return keys.map((key, index) => this.#reply(key, values[index], found));
  }

  async #findMore(names: readonly string[], found: Found): Promise<void> {
    const replies = await readMany(this.#connection, names);
    for (const [index, name] of names.entries()) found.set(name, nonceOf(replies[index]));
  }

  #decoded(key: StoreKey, reply: Buffer | null): Decoded {
    if (reply === null) return NOTHING;
    const value = decodeEntry(reply);
    return value ? { value, names: this.#names.of(key, value.header.tags) } : { value: { foreign: reply }, names: [] };
  }

  #rememberTypeNonce(name: string, found: Found): void {
    const nonce = found.get(name);
    if (nonce === undefined) this.#typeNonces.delete(name);
    else this.#typeNonces.set(name, nonce);
  }

  #reply(key: StoreKey, { value, names }: Decoded = NOTHING, found: Found): ReadReply {
    if (!value) return { kind: 'absent' };
    if (!isOurs(value)) return this.#foreign(key, value.foreign);
    const { header, bytes } = value;
    const tags = header.tags.map(([tag]) => tag).filter((tag) => tag !== key.scope.type);
    const carriesItsType = tags.length < header.tags.length; // else a value of another type was put here
    const isValid = header.tags.every(([, nonce], index) => found.get(names[index] ?? '') === nonce); // P1
    if (!carriesItsType || !isValid) return { kind: 'rejected', id: header.id, reason: 'invalidated' };
    return { kind: 'hit', entry: { id: header.id, bytes, tags, loadMs: header.load, ...this.#times(header) } };
  }

  /** A value from the future was stored before the clock of the server was set back: nobody knows how old it is. */
  #times({ at, stale, fresh, ttl }: Header): { ageMs: number; freshForMs: number; expiresInMs: number } {
    const ageMs = Math.max(0, this.#serverClock.now() - at);
    const isStale = stale !== 0 || this.#serverClock.isFuture(at);
    return {
      ageMs,
      freshForMs: isStale ? 0 : Math.max(0, fresh - ageMs),
      expiresInMs: Math.max(0, ttl - ageMs),
    };
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

/** What stands under a key, and the names of the nonces of its tags, in their order. */
interface Decoded {
  readonly value: StoredValue | Foreign | undefined;
  readonly names: readonly string[];
}

interface Foreign {
  readonly foreign: Buffer;
}

const NOTHING: Decoded = { value: undefined, names: [] };

function isOurs(value: Decoded['value']): value is StoredValue {
  return value !== undefined && 'header' in value;
}

function nonceOf(reply: Buffer | null | undefined): string | undefined {
  return reply?.toString('latin1');
}

/** The keys of one read are mostly of one type. */
class TypeNames {
  readonly #names = new Map<Scope, string>();

  of(scope: Scope): string {
    const known = this.#names.get(scope);
    if (known !== undefined) return known;
    const name = tagKey(scope.namespace, scope.type);
    this.#names.set(scope, name);
    return name;
  }
}
