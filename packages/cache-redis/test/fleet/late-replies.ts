import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type Announcement, type Call, type ReadReply, type StoreKey, tagKey } from '@huntly/cache-core';

/** A value that the store had answered already, and that came late. */
export interface HeldAnswer {
  readonly key: string;
  /** Of its type and its tags. */
  readonly tagKeys: readonly string[];
  readonly answeredAt: bigint;
  /** When an announcement that concerns it overtook it, the last one. */
  overtakenAt?: bigint;
}

/** The parts of an engine between which answers are held back: per key, as a whole batch would hold up those who find nothing. */
export interface LateParts {
  readonly reads: { read(key: StoreKey, call: Call): Promise<ReadReply> };
  readonly tier: { announce(announcement: Announcement): void };
}

/** Every second value that was read comes later, so that announcements, on a connection of their own, overtake it. */
export class LateReplies {
  readonly #held = new Set<HeldAnswer>();
  #over: HeldAnswer[] = [];
  readonly #onHeld = new EventEmitter().setMaxListeners(0);

  constructor({ reads, tier }: LateParts, slowestMs: number, random: () => number) {
    const read = reads.read.bind(reads);
    reads.read = async (key, call) => {
      const reply = await read(key, call);
      if (reply.kind === 'hit' && random() < 0.5) await this.#hold(key, reply.entry.tags, random() * slowestMs);
      return reply;
    };
    const announce = tier.announce.bind(tier);
    tier.announce = (announcement) => {
      announce(announcement);
      const now = process.hrtime.bigint();
      for (const answer of this.#held) if (concerns(announcement, answer)) answer.overtakenAt = now;
    };
  }

  /** Resolves when a value of this key is held back, or the time is over. */
  async untilHeld(key: string, patienceMs: number): Promise<void> {
    if ([...this.#held].some((answer) => answer.key === key)) return;
    const patience = new AbortController();
    const held = once(this.#onHeld, key, { signal: patience.signal }).catch(() => undefined);
    await Promise.race([held, delay(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  async #hold({ text, scope: { namespace, type } }: StoreKey, tags: readonly string[], forMs: number): Promise<void> {
    const tagKeys = [type, ...tags].map((tag) => tagKey(namespace, tag));
    const answer: HeldAnswer = { key: text, tagKeys, answeredAt: process.hrtime.bigint() };
    this.#held.add(answer);
    this.#onHeld.emit(text);
    await delay(forMs);
    this.#held.delete(answer);
    this.#over.push(answer);
  }

  /** Those that came since this was called last. */
  take(): readonly HeldAnswer[] {
    const taken = this.#over;
    this.#over = [];
    return taken;
  }
}

function concerns(announcement: Announcement, { key, tagKeys }: HeldAnswer): boolean {
  if (announcement.kind === 'keys') return announcement.keys.includes(key);
  if (announcement.kind === 'tags') return announcement.tags.some((tag) => tagKeys.includes(tag));
  return true;
}
