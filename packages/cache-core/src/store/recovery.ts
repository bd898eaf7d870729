import type { Clock } from '../clock.ts';
import type { Breaker } from './breaker.ts';
import type { Calls } from './calls.ts';
import type { Journal, Note } from './journal.ts';
import type { Lease, Store } from './store.ts';

export interface RecoverySettings {
  readonly budgetMs: number;
  readonly invalidationMs: number;
  readonly probeMs: number;
}

export interface RecoveryParts {
  readonly store: Store;
  readonly breaker: Breaker;
  readonly journal: Journal;
  readonly calls: Calls;
  readonly settings: RecoverySettings;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** Invalidations that are sent again at a time. */
const REPLAY_BATCH = 500;
const MAX_ORPHANS = 1_000;
/** A lease that was not renewed for so long is over in every store that keeps the usual times. */
const ORPHAN_MS = 60_000;

/** Makes a store usable and trusted again: probes, the replay of the journal, the release of orphaned leases. */
export class Recovery {
  readonly #parts: RecoveryParts;
  /** Leases of loads that are over, which the store may not know → until when to go on with it. */
  readonly #orphans = new Map<Lease, number>();
  #cancelProbe: (() => void) | undefined;
  #isProbing = false;
  #isStopped = false;
  /** How often the store went away. */
  #interruptions = 0;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** The connection was lost. */
  interrupted(): void {
    this.#interruptions++;
  }

  /** Jittered: all processes of a fleet lose the store at once. */
  probeLater(): void {
    if (this.#cancelProbe || this.#isStopped) return;
    const { settings, random, clock } = this.#parts;
    const delayMs = settings.probeMs * (0.75 + random() / 2);
    this.#cancelProbe = clock.after(delayMs, () => void this.probe(), { background: true });
  }

  /** Asks whether the store is back, tells it what it may not have, and only then lets others ask. Never rejects. */
  async probe(): Promise<void> {
    this.#cancelProbe?.();
    this.#cancelProbe = undefined;
    if (this.#isProbing || this.#isStopped) return;
    this.#isProbing = true;
    const isBack = await this.#recover().catch(() => false);
    this.#isProbing = false;
    if (isBack) this.#parts.breaker.close();
    if (!isBack || this.#parts.journal.size > 0) this.probeLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelProbe?.();
  }

  /** Releases a lease once its store, or its node, is back: else readers wait for a load that does not run (P4). */
  orphan(lease: Lease, until = this.#parts.clock.now() + ORPHAN_MS): void {
    if (this.#orphans.size < MAX_ORPHANS && until > this.#parts.clock.now()) this.#orphans.set(lease, until);
    if (this.#parts.breaker.state.state === 'closed') this.probeLater();
  }

  /** Runs in the background. */
  giveBack(lease: Lease, onFailure: () => void = () => this.orphan(lease)): void {
    const asked = async () => this.#parts.store.release(lease); // also one that throws instead of rejecting
    asked().catch(onFailure);
  }

  /**
   * @returns whether the store answers. Invalidations that it refuses stay in the journal, and their values untrusted.
   * Where it goes away meanwhile, be it for a moment, what was sent before may be lost in turn: then all of it is due
   * again.
   */
  async #recover(): Promise<boolean> {
    const { store, breaker, journal, calls, settings } = this.#parts;
    const interruptions = this.#interruptions;
    const isOpen = () => breaker.state.state === 'open';
    const afterInterruption = isOpen();
    if (store.status().state !== 'ready') return false;
    const { budgetMs, probeMs } = settings;
    if (afterInterruption) await calls.run(Math.max(budgetMs, probeMs), () => store.ping());
    const due = journal.due({ afterInterruption });
    for (let sent = 0; sent < due.length; sent += REPLAY_BATCH) {
      await Promise.all(due.slice(sent, sent + REPLAY_BATCH).map((note) => this.#replay(note)));
      if (this.#interruptions !== interruptions) return false;
    }
    this.#releaseOrphans();
    if (!afterInterruption && isOpen()) return false; // opened meanwhile: only an answered ping may close it
    return store.status().state === 'ready';
  }

  /** A part of the store may refuse while the rest of it answers: then with the next probe. */
  #releaseOrphans(): void {
    const orphans = [...this.#orphans];
    this.#orphans.clear();
    for (const [lease, until] of orphans) this.giveBack(lease, () => this.orphan(lease, until));
  }

  /** One by one: an invalidation that the store refuses for good must not hold up the others. */
  async #replay(note: Note): Promise<void> {
    const { store, journal, calls, settings } = this.#parts;
    try {
      await calls.run(settings.invalidationMs, () => store.invalidate([note.target]));
      journal.done(note);
    } catch {
      journal.add([note.target]); // its values stay untrusted, and it is sent again
    }
  }
}
