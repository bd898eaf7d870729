import { type ReadCall, type ReadReply, type StoreKey, tagKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connection/connection.ts';
import { BatchReading, type Decoded } from './batch-reading.ts';
import { ByteGate } from './byte-gate.ts';
import { entryIdOf, type Header, isOfThisToolkit } from './entry-format.ts';
import { NonceNames } from './nonce-names.ts';
import { PORTION_BYTES, SMALL_BYTES } from './portions.ts';
import type { ServerClock } from './server-clock.ts';
import { SizesSeen } from './sizes-seen.ts';

/** Reads entries together with the nonces that keep them valid. */
export class EntryReader {
  readonly #connection: Connection;
  readonly #serverClock: ServerClock;
  readonly #onRefused: (error: unknown) => void;
  readonly #names = new NonceNames();
  readonly #sizes = new SizesSeen();
  readonly #gate = new ByteGate({ limit: 2 * PORTION_BYTES, small: SMALL_BYTES });
  /** The nonce of each type as last read. */
  readonly #typeNonces = new LRUCache<string, string>({ max: 1_000 });

  /** @param onRefused hears why a command was refused, though others could be used instead */
  constructor(connection: Connection, serverClock: ServerClock, onRefused: (error: unknown) => void) {
    this.#connection = connection;
    this.#onRefused = onRefused;
    this.#serverClock = serverClock;
  }

  /** The store is closed. */
  forget(): void {
    this.#names.forget();
    this.#typeNonces.clear();
  }

  /** The nonce of the type as this process last saw it; empty if it never did. */
  typeNonce({ scope }: StoreKey): string {
    return this.#typeNonces.get(tagKey(scope.namespace, scope.type)) ?? '';
  }

  /** One round trip, and a second one for the nonces of tags that only a value told. Large values come in several. */
  read(keys: readonly StoreKey[], call?: ReadCall): Promise<readonly ReadReply[]> {
    const parts = {
      connection: this.#connection,
      sizes: this.#sizes,
      gate: this.#gate,
      names: this.#names,
      serverClock: this.#serverClock,
      replyTo: (key: StoreKey, value: Decoded, nonces: readonly (string | undefined)[]) =>
        this.#reply(key, value, nonces),
      onRefused: this.#onRefused,
      onTypeNonce: (name: string, nonce: string | undefined) => this.#rememberTypeNonce(name, nonce),
    };
    return new BatchReading(parts, keys, call).run();
  }

  #rememberTypeNonce(name: string, nonce: string | undefined): void {
    if (nonce === undefined) this.#typeNonces.delete(name);
    else this.#typeNonces.set(name, nonce);
  }

  /** @param nonces of the tags of the value, in their order */
  #reply(key: StoreKey, value: Decoded, nonces: readonly (string | undefined)[]): ReadReply {
    if (!('header' in value)) return this.#foreign(key, value.foreign);
    const { header, bytes } = value;
    const tags = header.tags.map(([tag]) => tag).filter((tag) => tag !== key.scope.type);
    const carriesItsType = tags.length < header.tags.length; // else a value of another type was put here
    const isValid = header.tags.every(([, nonce], index) => nonces[index] === nonce); // P1
    if (!carriesItsType || !isValid) return { kind: 'rejected', id: header.id, reason: 'invalidated' };
    return { kind: 'hit', entry: { id: header.id, bytes, tags, loadMs: header.load, ...this.#times(header) } };
  }

  /** A value from the future was stored before the clock of the server was set back: its age is unknown. */
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
    if (!key.acceptsForeign || isOfThisToolkit(bytes)) return { kind: 'rejected', id, reason: 'unreadable' };
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
