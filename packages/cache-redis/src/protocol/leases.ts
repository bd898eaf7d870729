import {
  type Clock,
  type Lease,
  type LeaseOptions,
  type LeaseReply,
  type StoreKey,
  systemClock,
  tagKey,
} from '@huntly/cache-core';
import type { Connection } from '../connection/connection.ts';
import { beginningOf } from './entry-format.ts';
import { PAUSE, RELEASE, RENEW } from './hold-scripts.ts';
import { InvalidationLog, type LogMark } from './invalidation-log.ts';
import { leaseKey } from './keyspace.ts';
import { LEASE } from './lease-script.ts';
import { readMany } from './many.ts';
import type { NonceKeeper, Nonces } from './nonces.ts';
import { Orphans } from './orphans.ts';
import { newToken } from './token.ts';

/** A granted lease and what was sampled with it, before the source is read. */
export interface RedisLease extends Lease {
  /** The whole text under the lease key: a token, and the nonce of the type when it was taken. */
  readonly text: string;
  readonly nonces: Nonces;
  readonly mark: LogMark;
  /** How long it lives without a renewal. */
  readonly ttlMs: number;
}

/** Grants, renews and releases the right to fill. */
export class LeaseDesk {
  readonly #connection: Connection;
  readonly #nonces: NonceKeeper;
  readonly #orphans: Orphans;

  constructor(connection: Connection, nonces: NonceKeeper, clock: Clock = systemClock) {
    this.#connection = connection;
    this.#nonces = nonces;
    this.#orphans = new Orphans(connection, clock);
  }

  /**
   * Asks for the lease and samples all that its fill will be compared with, in one round trip. `typeNonce` is the nonce
   * that the reader saw: written into the lease, it lets others see that the lease is doomed.
   */
  async take(key: StoreKey, options: LeaseOptions, typeNonce: string): Promise<LeaseReply> {
    return options.again ? this.#takeAgain(key, options, typeNonce) : this.#takeAtOnce(key, options, typeNonce);
  }

  async #takeAtOnce(key: StoreKey, options: LeaseOptions, typeNonce: string): Promise<LeaseReply> {
    const { type, namespace } = key.scope;
    const text = `${newToken()} ${typeNonce}`;
    const sending = this.#send(key, text, options, '');
    const asked = Promise.all([
      sending,
      this.#nonces.sample(key.scope, [...new Set([type, ...options.tags])]),
      new InvalidationLog(this.#connection.client, namespace).mark(),
    ]);
    // Once the lease was answered, not before: sent again as a text that the server did not know, it would come after
    // its release.
    asked.catch(() => sending.catch(ignore).then(() => this.#orphans.release(key, text, options.ttlMs)));
    const [reply, nonces, mark] = await asked;
    const [kind, held = '', leftMs = 0] = reply;
    if (kind === 'granted') return granted({ key, text, nonces, mark, ttlMs: options.ttlMs });
    if (kind === 'filled') return { kind: 'filled' };
    if (await this.#isDoomed(key, held, nonces)) return this.#takeOver(key, options, held, { nonces, mark });
    return busy(held, leftMs);
  }

  /**
   * A waiter asks about ten times before the lease is free. It writes nothing until then: what a fill is compared with
   * is sampled once the lease is granted, which is before the source is read all the same (P1).
   */
  async #takeAgain(key: StoreKey, options: LeaseOptions, typeNonce: string): Promise<LeaseReply> {
    const { namespace, type } = key.scope;
    const text = `${newToken()} ${typeNonce}`;
    const sending = this.#send(key, text, options, '');
    try {
      const asked = [sending, readMany(this.#connection, [tagKey(namespace, type)])] as const;
      const [[kind, held = '', leftMs = 0], [nonce]] = await Promise.all(asked);
      if (kind === 'filled') return { kind: 'filled' };
      if (kind === 'granted') {
        const [nonces, mark] = await Promise.all([
          this.#nonces.sample(key.scope, [...new Set([type, ...options.tags])]),
          new InvalidationLog(this.#connection.client, namespace).mark(),
        ]);
        return granted({ key, text, nonces, mark, ttlMs: options.ttlMs });
      }
      const heldNonce = held.split(' ')[1] ?? '';
      if (heldNonce === '' || heldNonce === nonce?.toString('latin1')) return busy(held, leftMs);
    } catch (error) {
      void sending.catch(ignore).then(() => this.#orphans.release(key, text, options.ttlMs));
      throw error;
    }
    return this.#takeAtOnce(key, options, typeNonce); // its type was invalidated: perhaps it may be taken over
  }

  async renew({ key, text }: RedisLease, ttlMs: number): Promise<boolean> {
    return (await RENEW.run(this.#connection.client, [leaseKey(key)], [text, ttlMs])) === 1;
  }

  /** Rejected, it is tried again without the caller, as long as the lease may be there. */
  async release({ key, text, ttlMs }: RedisLease, backoffMs: number): Promise<void> {
    try {
      await RELEASE.run(this.#connection.client, [leaseKey(key)], [text, backoffMs]);
    } catch (error) {
      this.#orphans.keep(key, text, ttlMs);
      throw error;
    }
  }

  /** To be called when the connection is there again. */
  releaseOrphans(): void {
    this.#orphans.retry();
  }

  close(): void {
    this.#orphans.close();
  }

  /**
   * A lease whose type was invalidated since will be refused, so no reader should wait for it. The nonce is asked for
   * once more: the one sampled beside the lease may be the older of the two.
   */
  async #isDoomed(key: StoreKey, held: string, nonces: Nonces): Promise<boolean> {
    const { type } = key.scope;
    const heldNonce = held.split(' ')[1] ?? '';
    const sampled = nonces.get(type);
    if (!sampled || heldNonce === '' || heldNonce === sampled.text) return false;
    return !(await this.#nonces.areUnchanged(new Map([[type, { ...sampled, text: heldNonce }]])));
  }

  async #takeOver(
    key: StoreKey,
    options: LeaseOptions,
    held: string,
    sampled: { nonces: Nonces; mark: LogMark },
  ): Promise<LeaseReply> {
    const text = `${newToken()} ${sampled.nonces.get(key.scope.type)?.text ?? ''}`;
    const asked = this.#send(key, text, options, held);
    asked.catch(() => this.#orphans.release(key, text, options.ttlMs));
    const [kind, heldNow = '', leftMs = 0] = await asked;
    if (kind === 'granted') return granted({ key, text, ...sampled, ttlMs: options.ttlMs });
    return kind === 'filled' ? { kind } : busy(heldNow, leftMs);
  }

  /** A token is sent once. */
  async #send(key: StoreKey, text: string, options: LeaseOptions, doomed: string): Promise<LeaseAnswer> {
    const args = [text, Math.ceil(options.ttlMs), doomed, ...unusableFor(options)];
    return (await LEASE.run(this.#connection.client, [key.text, leaseKey(key)], args)) as LeaseAnswer;
  }
}

function unusableFor({ rejected, byForce }: LeaseOptions): [kind: string, beginning: Buffer | string] {
  if (byForce) return ['force', ''];
  return rejected === undefined ? ['no', ''] : ['yes', beginningOf(rejected)];
}

function ignore(): void {}

type LeaseAnswer = [kind: 'granted' | 'filled' | 'busy', held?: string, leftMs?: number];

function busy(held: string, leftMs: number): LeaseReply {
  return { kind: 'busy', retryMs: Math.max(1, Number(leftMs)), isPause: held === PAUSE };
}

function granted(lease: RedisLease): LeaseReply {
  return { kind: 'granted', lease };
}
