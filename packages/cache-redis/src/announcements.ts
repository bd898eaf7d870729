import { type Announcement, type Channel, type Clock, type Scope, StoreUnavailableError } from '@huntly/cache-core';
import type { Connection } from './connection/connection.ts';
import { announcementSettings, jitteredBackoff } from './connection/ioredis-options.ts';
import { addressOf, duplicateOf, primaryAddresses } from './connection/primaries.ts';
import { isClusterClient } from './connection/supplied-client.ts';
import { codeOf } from './redaction.ts';
import { checkSameServer } from './same-server.ts';
import { checkServing } from './serving-check.ts';
import { nextTick } from './timers.ts';
import { TrackedKeys } from './tracked-keys.ts';
import { BEATS, CONNECTING, TrackingLink } from './tracking-link.ts';

type Status = { readonly state: 'up' } | { readonly state: 'down'; readonly reason: string };

/**
 * Announcements of a Redis: a connection to each primary, kept as a `TrackingLink`. The whole is up only while all of
 * them are: which node a key or a tag lives on then does not matter, nor that a slot moves.
 */
export class RedisChannel implements Channel {
  readonly #connection: Connection;
  readonly #tracked: TrackedKeys;
  readonly #listener: (announcement: Announcement) => void;
  readonly #clock: Clock;
  readonly #random: () => number;
  #primaries: ReadonlySet<string> = new Set();
  readonly #links = new Map<string, TrackingLink>();
  #cancelSeek = () => {};
  readonly #endWatches: readonly (() => void)[];
  #status: Status = { state: 'down', reason: CONNECTING };
  #isClosed = false;
  #nextBarrier: Promise<void> | undefined;
  /** For the caller that holds it. */
  onClose: () => void = () => {};

  /**
   * @param outside `below`: as in `AnnouncementOptions`
   * @throws CacheConfigError for no scopes
   */
  constructor(
    connection: Connection,
    scopes: readonly Scope[],
    listener: (announcement: Announcement) => void,
    { clock, random, below }: { clock: Clock; random: () => number; below?: string | undefined },
  ) {
    this.#connection = connection;
    this.#tracked = new TrackedKeys(scopes, below);
    this.#listener = listener;
    this.#clock = clock;
    this.#random = random;
    this.#endWatches = [
      connection.onStatus(this.#follow),
      connection.onTopology((change) => (change === 'nodes' ? this.#follow() : this.#reached())),
    ];
    nextTick(this.#follow);
    this.#seekLater();
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
    for (const end of this.#endWatches) end();
    this.#cancelSeek();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#status = { state: 'down', reason: 'closed' };
    this.onClose();
  }

  /** One PING a node for all who ask in this tick. One that was sent earlier proves nothing to them. */
  async #barrierOfThisTick(): Promise<void> {
    await new Promise<void>((resolve) => nextTick(resolve));
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

  /**
   * The server behind a name, a balancer or Sentinels may have changed. What is read from here on comes from the server
   * that is reached now, and so must its announcements. An address of a Cluster is that of one node.
   */
  #reached(): void {
    if (this.#isClosed || this.#connection.isCluster) return;
    for (const address of this.#links.keys()) this.#drop(address);
    this.#follow();
  }

  /** A link for each primary that there is now. Which there are, or who that is, is known once the client is ready. */
  readonly #follow = (): void => {
    if (this.#isClosed) return;
    const { client } = this.#connection;
    if (client.status !== 'ready') return;
    this.#primaries = primaryAddresses(client);
    for (const address of this.#links.keys()) if (!this.#primaries.has(address)) this.#drop(address);
    for (const address of this.#primaries) if (!this.#links.has(address)) this.#open(address);
    this.#update();
  };

  /**
   * What it had still to say is lost, also of keys that another node has now: so nothing that was read before counts.
   */
  #drop(address: string): void {
    this.#links.get(address)?.close();
    this.#links.delete(address);
    this.#listener({ kind: 'all' });
  }

  /**
   * A Cluster client looks for new primaries when a command fails. While copies answer, or no reads come, it sends
   * none.
   */
  #seek(): void {
    this.#cancelSeek();
    const { client } = this.#connection;
    if (this.#isClosed || this.#status.state === 'up' || !isClusterClient(client)) return;
    if (client.status === 'ready') client.refreshSlotsCache(() => {}); // 'refresh' tells what became of it
    this.#seekLater();
  }

  #seekLater(): void {
    this.#cancelSeek();
    const { heartbeatMs } = this.#connection;
    this.#cancelSeek = this.#clock.after(heartbeatMs, () => this.#seek(), { background: true });
  }

  /** A node that the client does not know is opened after its next look at the slots. */
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
      backoff: jitteredBackoff(this.#random),
      checkSame: async () => {
        if (!isCluster) await checkSameServer(primary, client);
      },
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
      // At a look at the slots the client drops a node that has none yet, as it was before an ASK led there.
      if (reason === CONNECTING) this.#seekLater();
      else this.#seek();
    }
  }

  #obstacle(): string | undefined {
    if (this.#links.size === 0 || this.#links.size < this.#primaries.size) return CONNECTING;
    const states = [...this.#links.values()].map(({ state }) => state);
    const down = states.find((each) => each.state === 'down');
    if (down) return down.reason;
    return states.some((each) => each.state === 'arming') ? 'arming' : undefined;
  }
}

function unavailable(reason: string): StoreUnavailableError {
  return new StoreUnavailableError(`Announcements do not arrive (${reason}): a barrier cannot be kept.`);
}
