import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../clock.ts';
import { plainLength } from '../codec/compression.ts';
import { type RefreshWindow, refreshWindowMs } from '../config/refresh-window.ts';
import { tagKey } from '../keys/store-keys.ts';
import type { Logger } from '../observe/logger.ts';
import type { Announcement, Channel } from '../store/announcements.ts';
import type { Entry, EntryId, StoreKey } from '../store/store.ts';
import { AnnouncedTags } from './announced-tags.ts';
import { CopyTable } from './copy-table.ts';
import { clone } from './parts.ts';
import { type Share, Sharing } from './sharing.ts';
import { type Wait, Wakers } from './wakers.ts';

export interface LocalTierOptions {
  /** @default 10_000 */
  readonly maxEntries?: number | undefined;
  /** Of keys, tags and values together, as estimated by `sizeOf`. @default 64 MiB */
  readonly maxBytes?: number | undefined;
  /** As in `LocalOptions`. @default 'freeze' */
  readonly share?: Share | undefined;
  /** Where it is said, once a type, that its values cannot be shared as they should be. @default nowhere */
  readonly logger?: Pick<Logger, 'warn'> | undefined;
  readonly clock: Clock;
  /** As in `AnnouncedTags`; for tests. @default 100_000 */
  readonly maxTags?: number | undefined;
}

/** A value decoded, with the times of its entry on the clock of this process. */
export interface LocalCopy {
  readonly value: unknown;
  /** Resolved with the value, once for all hits: each would make one. */
  readonly answer: Promise<unknown>;
  /** Each caller gets a clone. */
  readonly isCloned: boolean;
  readonly id: EntryId;
  readonly freshUntil: number;
  /** Never longer than it is fresh: what to do with a stale value is for the store to say. */
  readonly servedUntil: number;
  /** How long it was to be fresh from the beginning, and how long its load took. */
  readonly ttlMs: number;
  readonly loadMs: number;
  /** When a type that refreshes ahead does. */
  readonly refreshFrom: number;
}

/** What the type of a copy says of it. */
export interface CopyRules {
  readonly refreshAhead?: RefreshWindow | undefined;
  readonly share?: Share | undefined;
}

/** A read under way. It may leave a copy, unless something that concerns it is announced before it is over. */
export interface Ticket {
  readonly key: StoreKey;
  readonly sentAt: number;
}

interface OpenTicket extends Ticket {
  /** The time of tags when the read was sent. */
  readonly tagTime: number;
  isPoisoned: boolean;
  isOver: boolean;
}

interface StoredCopy extends LocalCopy {
  readonly bytes: number;
  wasUsed: boolean;
  /** Of its type and its tags. */
  readonly tagKeys: readonly string[];
  readonly tagTime: number;
  /** The time of tags up to which they were compared: a hit compares nothing while nothing was announced. */
  comparedAt: number;
}

/** Whether announcements arrive. `alone`: there are none, so that copies live for a moment only. */
type Mode = { kind: 'down' } | { kind: 'up' } | { kind: 'alone'; maxAgeMs: number };

const LOST = { trustedUntil: Number.NEGATIVE_INFINITY };
const NO_CHANNEL = { trustedUntil: Number.POSITIVE_INFINITY };

/**
 * Copies of entries in this process that follow the announcements of the store (P2). Bounded by entries and bytes (P7); no
 * timers.
 *
 * Four rules keep them right, each with a mutant in the model (`local-copies`). Copies come **from reads alone**, never from a
 * fill: the announcement of an own fill cannot be told from that of a later change. A read takes a ticket **before it is
 * sent**, and an announcement that concerns it poisons the ticket: it may overtake the reply. Tags are compared since the
 * read was **sent**. And whenever the channel was down, everything read before it came **up** is dropped.
 */
export class LocalTier {
  readonly #clock: Clock;
  readonly #bounds: { readonly maxEntries: number; readonly maxBytes: number };
  readonly #sharing: Sharing;
  readonly #tags: AnnouncedTags;
  readonly #wakers = new Wakers();
  readonly #pending = new Map<string, Set<OpenTicket>>();
  #copies: CopyTable<StoredCopy>;
  #mode: Mode = { kind: 'down' };
  #channel: Pick<Channel, 'trustedUntil'> = LOST;

  constructor(options: LocalTierOptions) {
    this.#clock = options.clock;
    const { maxEntries = 10_000, maxBytes = 64 * 1024 * 1024 } = options;
    this.#bounds = { maxEntries, maxBytes };
    this.#sharing = new Sharing(options.share, options.logger);
    this.#tags = new AnnouncedTags(options.maxTags);
    this.#copies = this.#noCopies();
  }

  /** Copies are served while this channel may be trusted; its listener must be `announce`. */
  follow(channel: Pick<Channel, 'trustedUntil'>): void {
    this.#channel = channel;
  }

  /** Without announcements: copies are served all the same, but for `maxAgeMs` at most. Ends when a channel comes up. */
  serveAlone(maxAgeMs: number): void {
    this.#begin({ kind: 'alone', maxAgeMs });
  }

  get isAlone(): boolean {
    return this.#mode.kind === 'alone';
  }

  /** The copy of a key that may be served now. Allocates nothing, unless callers get clones. */
  find(key: string): LocalCopy | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined) return undefined;
    const now = this.#clock.now();
    const channel = this.#mode.kind === 'alone' ? NO_CHANNEL : this.#channel;
    if (now >= channel.trustedUntil) return undefined; // P2. Not dropped: this process may only have been busy
    if (now >= copy.servedUntil || !this.#isCurrent(copy)) {
      this.#copies.delete(key);
      return undefined;
    }
    if (!copy.isCloned) return copy;
    const value = clone(copy.value);
    return { ...copy, value, answer: resolved(value) };
  }

  /** To be called before the read is sent, in the same turn or earlier; `settle` or `cancel` must follow. */
  begin(key: StoreKey): Ticket {
    const isPoisoned = this.#mode.kind === 'down';
    const tagTime = this.#tags.begin();
    const ticket: OpenTicket = { key, sentAt: this.#clock.now(), tagTime, isPoisoned, isOver: false };
    if (!isPoisoned) {
      const tickets = this.#pending.get(key.text) ?? new Set();
      this.#pending.set(key.text, tickets.add(ticket));
    }
    return ticket;
  }

  /**
   * The read of this ticket is over with this entry, decoded to this value. With `share: 'freeze'` the value is frozen, kept
   * or not, if that protects it.
   * @param ofType when its type refreshes it ahead, if it does, and how its callers share it, if not as the others
   * @returns whether there is a copy now
   */
  settle(ticket: Ticket, entry: Entry, value: unknown, ofType: CopyRules = {}): boolean {
    const open = ticket as OpenTicket;
    const { key, sentAt, tagTime } = open;
    const verdict = this.#sharing.prepare(key.scope.type, value, ofType.share);
    const tagKeys = [key.scope.type, ...entry.tags].map((tag) => tagKey(key.scope.namespace, tag));
    const isInTime = !open.isPoisoned && !open.isOver && this.#tags.isNoneSince(tagTime, tagKeys);
    this.cancel(open); // not before: what was announced since the read was sent is remembered until it is over
    if (!isInTime || verdict === 'none') return false;
    const { id, loadMs, freshForMs, ageMs } = entry;
    const ttlMs = freshForMs + ageMs;
    const freshUntil = sentAt + freshForMs; // from when it was sent: the store answered later, so this is never too long
    const lifeMs = this.#mode.kind === 'alone' ? Math.min(freshForMs, this.#mode.maxAgeMs) : freshForMs;
    const kept = verdict === 'clone' ? clone(value) : value; // the reader may change what he has
    // Each field by its name: after a spread every copy would have a hidden class of its own in V8, and every hit be slow.
    const copy: StoredCopy = {
      value: kept,
      answer: resolved(kept),
      isCloned: verdict === 'clone',
      id,
      freshUntil,
      servedUntil: sentAt + lifeMs,
      ttlMs,
      loadMs,
      refreshFrom: freshUntil - refreshWindowMs(ttlMs, loadMs, ofType.refreshAhead),
      tagKeys,
      tagTime,
      comparedAt: this.#tags.latest,
      bytes: sizeOf(key.text, entry, tagKeys),
      wasUsed: false,
    };
    const isKept = this.#copies.set(key.text, copy);
    if (isKept) this.#tags.carry(tagKeys);
    return isKept;
  }

  /** The read of this ticket found nothing or failed. May be called twice, and after `settle`. */
  cancel(ticket: Ticket): void {
    const open = ticket as OpenTicket;
    if (open.isOver) return;
    open.isOver = true;
    this.#tags.end();
    const { text } = open.key;
    const tickets = this.#pending.get(text);
    if (tickets?.delete(open) && tickets.size === 0) this.#pending.delete(text);
  }

  /**
   * The listener of the channel. Also for what this process changes itself, so that it never waits for its own news: before
   * the change is sent, and again once it is answered.
   */
  announce(announcement: Announcement): void {
    switch (announcement.kind) {
      case 'keys':
        for (const key of announcement.keys) this.#drop(key);
        return;
      case 'tags':
        return this.#tags.add(announcement.tags);
      case 'all':
        return this.#begin(this.#mode);
      case 'up':
        return this.#begin({ kind: 'up' });
      case 'down':
        return this.#begin({ kind: 'down' });
    }
  }

  /** Resolves at the next announcement of the key, or when everything may have changed. To be called before asking. */
  waitFor(key: string): Wait {
    return this.#wakers.waitFor(key);
  }

  /** The cache is closed: no copies are made or served from here on. */
  close(): void {
    this.#begin({ kind: 'down' });
    this.#channel = LOST;
  }

  /** What it holds at present. */
  counts(): { copies: number; bytes: number; pending: number; waiting: number; tags: number } {
    return {
      copies: this.#copies.size,
      bytes: this.#copies.bytes,
      pending: this.#pending.size,
      waiting: this.#wakers.size,
      tags: this.#tags.size,
    };
  }

  /** A new epoch: every copy is dropped at once, whatever their number, and every read under way is poisoned. */
  #begin(mode: Mode): void {
    this.#mode = mode;
    this.#copies = this.#noCopies();
    this.#tags.dropAll();
    for (const tickets of this.#pending.values()) poison(tickets);
    this.#pending.clear();
    if (mode.kind !== 'down') this.#wakers.wakeAll(); // while it is down there is no news: those who wait go on polling
  }

  #drop(key: string): void {
    this.#copies.delete(key);
    const tickets = this.#pending.get(key);
    if (tickets) {
      poison(tickets);
      this.#pending.delete(key);
    }
    this.#wakers.wake(key);
  }

  #isCurrent(copy: StoredCopy): boolean {
    if (copy.comparedAt === this.#tags.latest) return true;
    if (!this.#tags.isCurrent(copy.tagTime, copy.tagKeys)) return false;
    copy.comparedAt = this.#tags.latest;
    return true;
  }

  #noCopies(): CopyTable<StoredCopy> {
    return new CopyTable(this.#bounds, ({ tagKeys }) => this.#tags.drop(tagKeys));
  }
}

/** Of this module. A promise keeps the `AsyncLocalStorage` in which it was made, and a copy outlives the request that read it. */
const ORIGIN = new AsyncResource('huntly-local-copies');

function resolved(value: unknown): Promise<unknown> {
  return ORIGIN.runInAsyncScope(() => Promise.resolve(value));
}

function poison(tickets: Iterable<OpenTicket>): void {
  for (const ticket of tickets) ticket.isPoisoned = true;
}

/** What a copy costs besides its texts, roughly. */
const COPY_OVERHEAD_BYTES = 400;
/** What a tag costs besides its text: most are carried by one copy or few. That of the type is carried by all. */
const TAG_OVERHEAD_BYTES = 64;
/** A decoded value takes about twice its JSON, more where it is small numbers, less where it is long texts. */
const DECODED_FACTOR = 2;

function sizeOf(key: string, entry: Entry, tagKeys: readonly string[]): number {
  const characters = tagKeys.reduce((total, tag) => total + tag.length, key.length);
  const ofTags = characters * 2 + entry.tags.length * TAG_OVERHEAD_BYTES;
  return Math.ceil(plainLength(entry.bytes) * DECODED_FACTOR + ofTags + COPY_OVERHEAD_BYTES);
}
