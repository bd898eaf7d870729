import type { Clock } from '../clock.ts';
import { type Scope, tagKey } from '../keys/key.ts';
import type { GuardedLogger } from '../observe/logger.ts';
import type { Announcement, Channel } from '../store/announcements.ts';
import type { Store, Target } from '../store/store.ts';
import { LocalTier, type LocalTierOptions } from './local-tier.ts';

export type LocalSettings = Omit<LocalTierOptions, 'clock'>;

const LOST = Symbol('the channel is down');
/** How long a copy lives where the store announces nothing. */
const ALONE_MS = 1_000;
/** The reason of a channel that will never come up: this server has no tracking. */
const NO_TRACKING = 'TRACKING';

/** The local tier of a cache and the channel that it follows. Without announcements copies live for a second. */
export class FollowedCopies {
  readonly tier: LocalTier;
  readonly #store: Store;
  readonly #logger: GuardedLogger;
  readonly #scopes: Scope[] = [];
  #channel: Channel | undefined;
  #isDue = false;
  #isClosed = false;

  constructor(store: Store, settings: LocalSettings, outside: { clock: Clock; logger: GuardedLogger }) {
    this.#store = store;
    this.tier = new LocalTier({ ...settings, clock: outside.clock });
    this.#logger = outside.logger;
  }

  /** For health: `alone` where there are no announcements, `off` where no type has copies. */
  get state(): 'up' | 'down' | 'alone' | 'off' {
    if (this.#scopes.length === 0) return 'off';
    return this.tier.isAlone ? 'alone' : (this.#channel?.state ?? 'down');
  }

  /** From the next tick on this type has copies. */
  follow(scope: Scope): void {
    this.#scopes.push(scope);
    if (this.#isDue) return;
    this.#isDue = true;
    process.nextTick(() => this.#open());
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

  async close(): Promise<void> {
    this.#isClosed = true;
    this.dropAll();
    await this.#channel?.close();
  }

  /** One channel for all types: a type that is added later needs a new one. */
  #open(): void {
    this.#isDue = false;
    if (this.#isClosed) return;
    void this.#channel?.close();
    try {
      this.#channel = this.#store.announcements?.(this.#scopes, (announcement) => this.#hear(announcement));
    } catch (error) {
      this.#logger.warn({ err: error }, 'no announcements of changes: there are no copies in this process');
      return;
    }
    if (this.#channel) this.tier.follow(this.#channel);
    else this.#goAlone('the store has none');
  }

  #hear(announcement: Announcement): void {
    this.tier.announce(announcement);
    if (announcement.kind === 'down' && announcement.reason === NO_TRACKING)
      this.#goAlone('the server cannot track keys, or does not allow this user to');
  }

  #goAlone(reason: string): void {
    this.tier.serveAlone(ALONE_MS);
    this.#logger.warn({ reason }, `no announcements of changes: copies in this process live for ${ALONE_MS} ms only`);
  }
}
