import type { Clock } from '../clock.ts';
import type { Scope } from '../keys/scope.ts';
import { tagKey } from '../keys/store-keys.ts';
import type { ChannelEvent } from '../observe/events.ts';
import type { GuardedLogger } from '../observe/logger.ts';
import type { Announcement, Channel } from '../store/announcements.ts';
import type { Store, Target } from '../store/store.ts';
import { nextTick } from '../timers.ts';
import { LocalTier, type LocalTierOptions } from './local-tier.ts';

export interface LocalSettings extends Omit<LocalTierOptions, 'clock' | 'logger'> {
  /** The namespace of the cache that they are made for. */
  readonly namespace: string | undefined;
}

interface Outside {
  readonly clock: Clock;
  readonly logger: GuardedLogger;
  readonly onChannel: (event: ChannelEvent) => void;
}

const LOST = Symbol('the channel is down');
/** How long a copy lives where the store announces nothing. */
const ALONE_MS = 1_000;
/** The reason of a channel that will never come up: this server has no tracking. */
const NO_TRACKING = 'TRACKING';

/**
 * The local tier of a cache and its children, and the channel that they follow: one connection to each primary and one
 * bound of memory, however many children there are. Without announcements copies live for a second.
 */
export class FollowedCopies {
  readonly tier: LocalTier;
  readonly #store: Store;
  readonly #logger: GuardedLogger;
  readonly #onChannel: Outside['onChannel'];
  readonly #namespace: string | undefined;
  readonly #scopes: Scope[] = [];
  /** Once there is one, everything below the namespace is announced: another child changes nothing. */
  #hasChildren = false;
  #channel: Channel | undefined;
  #isDue = false;
  #isClosed = false;

  constructor(store: Store, settings: LocalSettings, outside: Outside) {
    this.#store = store;
    this.#namespace = settings.namespace;
    this.tier = new LocalTier({ ...settings, clock: outside.clock, logger: outside.logger });
    this.#logger = outside.logger;
    this.#onChannel = outside.onChannel;
  }

  /** For health: `alone` where there are no announcements, `off` where no type has copies. */
  get state(): 'up' | 'down' | 'alone' | 'off' {
    if (this.#scopes.length === 0 && !this.#hasChildren) return 'off';
    return this.tier.isAlone ? 'alone' : (this.#channel?.state ?? 'down');
  }

  /** For the children of this cache. Those of one without a namespace have nothing in common that could be followed. */
  get ofChildren(): FollowedCopies | undefined {
    return this.#namespace === undefined ? undefined : this;
  }

  /** From the next tick on this type, of the cache or of a child, has copies. */
  follow(scope: Scope): void {
    const isOfChild = scope.namespace !== this.#namespace;
    if (isOfChild && this.#hasChildren) return;
    if (isOfChild) this.#hasChildren = true;
    else this.#scopes.push(scope);
    if (this.#isDue) return;
    this.#isDue = true;
    if (this.#channel) this.tier.announce({ kind: 'down', reason: 'connecting' }); // what is read meanwhile is not announced yet
    nextTick(() => this.#open());
  }

  /** This process changes these itself: to be called before that is sent, and once it is answered. */
  drop(targets: readonly Target[]): void {
    if (this.state === 'off') return; // no type has copies, so nothing of it need be remembered
    const keys = targets.flatMap((target) => (target.kind === 'key' ? [target.key.text] : []));
    const tags = targets.flatMap((target) => (target.kind === 'tag' ? [tagKey(target.namespace, target.tag)] : []));
    if (keys.length > 0) this.tier.announce({ kind: 'keys', keys });
    if (tags.length > 0) this.tier.announce({ kind: 'tags', tags });
  }

  dropAll(): void {
    this.tier.announce({ kind: 'all' });
  }

  /**
   * Afterwards no copy is older than this call. While nothing is announced there is nothing to wait for: they are
   * dropped.
   */
  async barrier(): Promise<void> {
    const channel = this.tier.isAlone ? undefined : this.#channel;
    const isBehind = (await channel?.barrier().catch(() => LOST)) === LOST;
    if (isBehind || !channel) this.dropAll();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.dropAll();
    await this.#channel?.close();
    this.tier.close();
  }

  /** One channel for all: a type that is added later, and the first child, need a new one. */
  #open(): void {
    this.#isDue = false;
    if (this.#isClosed) return;
    void this.#channel?.close();
    try {
      const below = this.#hasChildren ? this.#namespace : undefined;
      this.#channel = this.#store.announcements?.(this.#scopes, (announcement) => this.#hear(announcement), { below });
    } catch (error) {
      this.#logger.warn({ err: error }, 'no announcements of changes: there are no copies in this process');
      return;
    }
    if (this.#channel) this.tier.follow(this.#channel);
    else this.#goAlone('the store has none');
  }

  #hear(announcement: Announcement): void {
    this.tier.announce(announcement);
    if (announcement.kind === 'up') this.#onChannel({ state: 'up' });
    if (announcement.kind !== 'down') return;
    if (announcement.reason === NO_TRACKING)
      this.#goAlone('the server cannot track keys, or does not allow this user to');
    else this.#onChannel({ state: 'down', reason: announcement.reason });
  }

  #goAlone(reason: string): void {
    this.tier.serveAlone(ALONE_MS);
    this.#onChannel({ state: 'alone', reason });
    this.#logger.warn({ reason }, `no announcements of changes: copies in this process live for ${ALONE_MS} ms only`);
  }
}
