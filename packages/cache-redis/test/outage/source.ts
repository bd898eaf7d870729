import { setTimeout as delay } from 'node:timers/promises';
import type { Span } from './stalls.ts';

export interface Deal {
  readonly id: number;
  readonly team: number;
  readonly version: number;
}

export const DEALS = 500;
const TEAMS = 10;
const LOAD_MS = 5;

/** The slow source behind the cache, which knows what nobody may be told any more. */
export class Source {
  readonly #versions = new Map<number, number>();
  /** Per deal: any older version is stale for reads that begin now, as its invalidation has resolved. */
  readonly #floors = new Map<number, number>();
  /** When loads of a deal ran: no time of the store. */
  readonly loads = new Map<number, Span[]>();
  loadCount = 0;

  async load(id: number): Promise<Deal> {
    this.loadCount++;
    const from = performance.now();
    const deal = this.now(id);
    await delay(LOAD_MS);
    const spans = this.loads.get(id) ?? [];
    spans.push({ from, to: performance.now() });
    this.loads.set(id, spans);
    return deal;
  }

  now(id: number): Deal {
    return { id, team: id % TEAMS, version: this.#versions.get(id) ?? 0 };
  }

  floorOf(id: number): number {
    return this.#floors.get(id) ?? 0;
  }

  /** Changes deals, then has them invalidated; from when that resolves their old versions are stale. */
  async change(ids: readonly number[], invalidate: () => Promise<unknown>): Promise<void> {
    for (const id of ids) this.#versions.set(id, (this.#versions.get(id) ?? 0) + 1);
    const versions = ids.map((id) => [id, this.now(id).version] as const);
    await invalidate();
    for (const [id, version] of versions) this.#floors.set(id, Math.max(this.floorOf(id), version));
  }
}

export function idsOfTeam(team: number): number[] {
  return Array.from({ length: DEALS / TEAMS }, (_, index) => index * TEAMS + team);
}
