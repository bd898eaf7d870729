import type { Clock, ReadReply } from '@huntly/cache-core';
import { codeOf, redacted } from './redaction.ts';

/** What servers answer when they will not do something. Trouble of a connection is no refusal: the status tells it. */
const REFUSALS: ReadonlySet<string> = new Set([
  'BUSY',
  'CLUSTERDOWN',
  'CROSSSLOT',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOAUTH',
  'NOPERM',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'REDIRECTED',
  'UNKNOWN_COMMAND',
  'WRONGPASS',
]);

const REMEMBERED_MS = 60_000;

/**
 * Which kinds of calls the server refuses, and why: a full server answers `PING`, so that asking it for its health
 * would not show it. Costs nothing but a look at calls that fail.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #onReadOnly: () => void;
  readonly #last = new Map<string, { readonly code: string; readonly at: number }>();

  /** @param onReadOnly is told that the server is a replica */
  constructor(clock: Clock, onReadOnly: () => void) {
    this.#clock = clock;
    this.#onReadOnly = onReadOnly;
  }

  /** An answer whose errors may be logged, as `redacted`; notes whether it is a refusal. */
  async redacted<T>(kind: string, answer: Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      const value = await redacted(answer, signal);
      if (this.#last.size > 0) this.#last.delete(kind);
      return value;
    } catch (error) {
      this.note(kind, error);
      throw error;
    }
  }

  /** The same for a read, where single keys may be refused. */
  async redactedReplies(read: Promise<readonly ReadReply[]>): Promise<readonly ReadReply[]> {
    const replies = await this.redacted('read', read);
    for (const reply of replies) if (reply.kind === 'unavailable') this.note('read', reply.error);
    return replies;
  }

  note(kind: string, error: unknown): void {
    const code = codeOf(error);
    if (code === 'READONLY') this.#onReadOnly();
    if (REFUSALS.has(code)) this.#last.set(kind, { code, at: this.#clock.now() });
  }

  codes(): readonly string[] {
    const since = this.#clock.now() - REMEMBERED_MS;
    const recent = [...this.#last.values()].filter(({ at }) => at >= since);
    return [...new Set(recent.map(({ code }) => code))].sort();
  }
}
