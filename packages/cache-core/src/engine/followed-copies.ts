import type { Clock } from '../clock.ts';
import type { Scope } from '../keys/key.ts';
import { tagKey } from '../keys/key.ts';
import type { GuardedLogger } from '../observe/logger.ts';
import type { Announcement, Channel } from '../store/announcements.ts';
import type { Store, Target } from '../store/store.ts';
import { LocalTier, type LocalTierOptions } from './local-tier.ts';

export interface LocalSettings extends Omit<LocalTierOptions, 'clock'> {
  /** The types that have copies. */
  readonly scopes: readonly Scope[];
}

const LOST = Symbol('the channel is down');
/** How long a copy lives where the store announces nothing. */
const ALONE_MS = 1_000;
/** The reason of a channel that will never come up: this server has no tracking. */
const NO_TRACKING = 'TRACKING';

/** The local tier of a cache and the channel that it follows. Without announcements copies live for a second. */
export class FollowedCopies {
  readonly tier: LocalTier;
  readonly #channel: Channel | undefined;
  readonly #logger: GuardedLogger;

  constructor(store: Store, settings: LocalSettings, outside: { clock: Clock; logger: GuardedLogger }) {
    const { scopes, ...options } = settings;
    this.tier = new LocalTier({ ...options, clock: outside.clock });
    this.#logger = outside.logger;
    this.#channel = store.announcements?.(scopes, (announcement) => this.#hear(announcement));
    if (this.#channel) this.tier.follow(this.#channel);
    else this.#goAlone('the store has none');
  }

  /** For health: `alone` where there are no announcements. */
  get state(): 'up' | 'down' | 'alone' {
    return this.tier.isAlone ? 'alone' : (this.#channel?.state ?? 'down');
  }

  /** This process changes these itself: to be called before that is sent, and once it is answered. */
  drop(targets: readonly Target[]): void {
    const keys = targets.flatMap((target) => (target.kind === 'key' ? [target.key.text] : []));
    const tags = targets.flatMap((target) => (target.kind === 'tag' ? [tagKey(target.namespace, target.tag)] : []));
    if (keys.length > 0) this.tier.announce({ kind: 'keys', keys });
    if (tags.length > 0) this.tier.announce({ kind: 'tags', tags });
  }

  dropAll(): void {
    this.tier.announce({ kind: 'all' });
  }

  /** Afterwards no copy is older than this call. While nothing is announced there is nothing to wait for: they are dropped. */
  async barrier(): Promise<void> {
    const channel = this.tier.isAlone ? undefined : this.#channel;
    const isBehind = (await channel?.barrier().catch(() => LOST)) === LOST;
    if (isBehind || !channel) this.dropAll();
  }

  close(): Promise<void> {
    return this.#channel?.close() ?? Promise.resolve();
  }

  #hear(announcement: Announcement): void {
    this.tier.announce(announcement);
    if (announcement.kind === 'down' && announcement.reason === NO_TRACKING)
      this.#goAlone('the server cannot track keys');
  }

  #goAlone(reason: string): void {
    this.tier.serveAlone(ALONE_MS);
    this.#logger.warn({ reason }, `no announcements of changes: copies in this process live for ${ALONE_MS} ms only`);
  }
}
