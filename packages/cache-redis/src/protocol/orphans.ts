import type { Clock, StoreKey } from '@huntly/cache-core';
import { LRUCache } from 'lru-cache';
import type { Connection } from '../connection/connection.ts';
import { codeOf } from '../redaction.ts';
import { RELEASE } from './hold-scripts.ts';
import { leaseKey } from './keyspace.ts';

const MAX_ORPHANS = 1_000;
/**
 * How long to wait before the next attempt. A node may refuse for a while (`CLUSTERDOWN`, `LOADING`) over a connection
 * that is never lost, so no event tells when it serves again.
 */
const RETRY_MS = 200;

interface Orphan {
  readonly key: StoreKey;
  /** When it has ended by itself. */
  readonly until: number;
}

/**
 * Leases that may be in the store and belong to no load: they were perhaps granted, but the answer was lost. All
 * processes would wait for them (P4), so each is released as soon as its node answers.
 */
export class Orphans {
  readonly #connection: Connection;
  readonly #clock: Clock;
  /** Lease → the key that it is for. */
  readonly #orphans = new LRUCache<string, Orphan>({ max: MAX_ORPHANS });
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** Now, or else later, in the background. @param lifeMs how long the lease may be there */
  release(key: StoreKey, text: string, lifeMs: number): void {
    this.#try(text, { key, until: this.#clock.now() + lifeMs });
  }

  /** Later: it was tried just now. */
  keep(key: StoreKey, text: string, lifeMs: number): void {
    this.#later(text, { key, until: this.#clock.now() + lifeMs });
  }

  /** All at once: the connection is there again. */
  retry(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#connection.status().state !== 'ready') return; // it is called again
    const orphans = [...this.#orphans];
    this.#orphans.clear();
    const now = this.#clock.now();
    for (const [text, orphan] of orphans) if (orphan.until > now) this.#try(text, orphan);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
    this.#orphans.clear();
  }

  #try(text: string, orphan: Orphan): void {
    RELEASE.run(this.#connection.client, [leaseKey(orphan.key)], [text, 0]).catch((error: unknown) => {
      if (codeOf(error) !== 'NOPERM') this.#later(text, orphan); // a right will hardly come before the lease ends
    });
  }

  #later(text: string, orphan: Orphan): void {
    if (this.#isClosed) return;
    this.#orphans.set(text, orphan);
    this.#cancelRetry ??= this.#clock.after(RETRY_MS, () => this.retry(), { background: true });
  }
}
