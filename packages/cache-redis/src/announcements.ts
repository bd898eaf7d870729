import { type Announcement, type Channel, type Clock, type Scope, StoreUnavailableError } from '@huntly/cache-core';
import type { Connection } from './connection/connection.ts';
import { announcementSettings } from './connection/ioredis-options.ts';
import { addressOf, duplicateOf } from './connection/primaries.ts';
import { codeOf } from './redaction.ts';
import { checkServing } from './serving-check.ts';
import { TrackedKeys } from './tracked-keys.ts';
import { BEATS, TrackingLink } from './tracking-link.ts';

type Status = { readonly state: 'up' } | { readonly state: 'down'; readonly reason: string };

/** Events after which a Cluster may have other primaries. */
const TOPOLOGY_EVENTS = ['+node', '-node', 'refresh'] as const;

/**
 * Announcements of a Redis: a connection to each primary, kept as a `TrackingLink`. The whole is up only while all of them
 * are: which node a key or a tag lives on then does not matter, nor that a slot moves.
 */
export class RedisChannel implements Channel {
  readonly #connection: Connection;
  readonly #tracked: TrackedKeys;
  readonly #listener: (announcement: Announcement) => void;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #links = new Map<string, TrackingLink>();
  readonly #endWatch: () => void;
  #status: Status = { state: 'down', reason: 'connecting' };
  #isClosed = false;
  #nextBarrier: Promise<void> | undefined;

  /** @throws CacheConfigError for no scopes */
  constructor(
    connection: Connection,
    scopes: readonly Scope[],
    listener: (announcement: Announcement) => void,
    { clock, random }: { clock: Clock; random: () => number },
  ) {
    this.#connection = connection;
    this.#tracked = new TrackedKeys(scopes);
    this.#listener = listener;
    this.#clock = clock;
    this.#random = random;
    this.#endWatch = connection.onStatus(this.#follow);
    for (const event of TOPOLOGY_EVENTS) connection.client.on(event, this.#follow);
    process.nextTick(this.#follow);
  }

  get state(): 'up' | 'down' {
    return this.#clock.now() < this.trustedUntil ? 'up' : 'down';
  }

  get trustedUntil(): number {
    if (this.#status.state === 'down') return Number.NEGATIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (const link of this.#links.values()) least = Math.min(least, link.trustedUntil);
    return least;
  }

  barrier(): Promise<void> {
    this.#nextBarrier ??= this.#barrierOfThisTick();
    return this.#nextBarrier;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#endWatch();
    for (const event of TOPOLOGY_EVENTS) this.#connection.client.off(event, this.#follow);
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#status = { state: 'down', reason: 'closed' };
  }

  /** One PING a node for all who ask in this tick. One that was sent earlier proves nothing to them. */
  async #barrierOfThisTick(): Promise<void> {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    this.#nextBarrier = undefined;
    this.#checkUp();
    try {
      await Promise.all([...this.#links.values()].map((link) => link.ping()));
    } catch (cause) {
      this.#checkUp();
      throw unavailable(codeOf(cause));
    }
  }

  #checkUp(): void {
    if (this.#status.state === 'down') throw unavailable(this.#status.reason);
  }

  /** A link for each primary that there is now. A Cluster that is not ready does not know its primaries. */
  readonly #follow = (): void => {
    if (this.#isClosed) return;
    const { isCluster, client } = this.#connection;
    if (isCluster && client.status !== 'ready') return;
    const addresses = new Set(this.#connection.primaries().map(addressOf));
    if (addresses.size === 0) return;
    for (const [address, link] of this.#links) {
      if (addresses.has(address)) continue;
      this.#links.delete(address);
      link.close();
    }
    for (const address of addresses) if (!this.#links.has(address)) this.#open(address);
    this.#update();
  };

  #open(address: string): void {
    const { heartbeatMs, isCluster } = this.#connection;
    const primary = this.#connection.primaries().find((each) => addressOf(each) === address);
    const client = primary && duplicateOf(primary, announcementSettings(heartbeatMs * BEATS, this.#random));
    if (!client) return;
    const link = new TrackingLink({
      client,
      prefixes: this.#tracked.prefixes,
      heartbeatMs,
      clock: this.#clock,
      check: async () => {
        if (isCluster) await checkServing(this.#connection, address);
      },
      onMessage: (keys) => {
        for (const announcement of this.#tracked.read(keys)) this.#listener(announcement);
      },
      onState: () => this.#update(),
    });
    this.#links.set(address, link);
  }

  #update(): void {
    if (this.#isClosed) return;
    const before = this.#status;
    const reason = this.#obstacle();
    if (reason === undefined) {
      if (before.state === 'up') return;
      this.#status = { state: 'up' };
      this.#listener({ kind: 'up' });
    } else if (before.state === 'up' || (reason !== before.reason && reason !== 'arming')) {
      this.#status = { state: 'down', reason };
      this.#listener({ kind: 'down', reason });
    }
  }

  #obstacle(): string | undefined {
    if (this.#links.size === 0) return 'connecting';
    const states = [...this.#links.values()].map(({ state }) => state);
    const down = states.find((each) => each.state === 'down');
    if (down) return down.reason;
    return states.some((each) => each.state === 'arming') ? 'arming' : undefined;
  }
}

function unavailable(reason: string): StoreUnavailableError {
  return new StoreUnavailableError(`Announcements do not arrive (${reason}): a barrier cannot be kept.`);
}
