import { Cache, type CacheTypes } from '@huntly/cache-core';
import { until } from '@huntly/cache-testing';
import type { LateParts } from './late-replies.ts';

/** What is under way in a cache. All of it ends when its callers have their answers. */
export interface Underway {
  readonly flights: number;
  readonly pendingReads: number;
  readonly waiters: number;
  readonly journal: number;
  readonly storeCalls: number;
}

export const NOTHING: Underway = { flights: 0, pendingReads: 0, waiters: 0, journal: 0, storeCalls: 0 };

/** A cache whose engine can be looked into. */
export class InspectedCache<T extends CacheTypes> extends Cache<T> {
  /** Also of the channel: only then are there copies. */
  async allReady(): Promise<void> {
    await this.ready();
    await until('the announcements', () => this.engine.local.state === 'up' || undefined);
  }

  /** Of a whole key. Serving it is what a read would do. */
  hasCopy(key: string): boolean {
    return this.engine.local.tier.find(key) !== undefined;
  }

  lateParts(): LateParts {
    return { reads: this.engine.reads, tier: this.engine.local.tier };
  }

  underway(): Underway {
    const { flights, guard, local } = this.engine;
    const { pending, waiting } = local.tier.counts();
    const state = guard?.state();
    if (!state) throw new Error('this cache has no guard');
    return {
      flights: flights.size,
      pendingReads: pending,
      waiters: waiting,
      journal: state.journal,
      storeCalls: state.inFlight,
    };
  }
}
