import type { Identifier, TypedCache } from '@huntly/cache-core';
import { DEALS, type Deal, type Source } from './source.ts';
import type { Span } from './stalls.ts';

export interface Served extends Span {
  readonly id: number;
  readonly isStale: boolean;
}

const PER_SECOND = 300;
const TICK_MS = 10;
/** How many of the requests are for a deal that nobody asked for before. */
const NEW_SHARE = 0.2;

/** Requests at an even rate, whatever becomes of them. */
export class Traffic {
  readonly served: Served[] = [];
  readonly errors: unknown[] = [];
  readonly #deals: TypedCache<Deal, Identifier>;
  readonly #source: Source;
  readonly #random: () => number;
  readonly #underWay = new Set<Promise<void>>();
  readonly #startedAt = performance.now();
  readonly #timer = setInterval(() => this.#tick(), TICK_MS);
  #issued = 0;
  #lastNew = DEALS;

  constructor(deals: TypedCache<Deal, Identifier>, source: Source, random: () => number) {
    this.#deals = deals;
    this.#source = source;
    this.#random = random;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** No more requests. @returns how many of those under way do not end within the time */
  async stop(patienceMs: number): Promise<number> {
    clearInterval(this.#timer);
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      cancel = () => clearTimeout(timer);
    });
    await Promise.race([Promise.all(this.#underWay), patience]);
    cancel();
    return this.#underWay.size;
  }

  #tick(): void {
    const due = Math.floor(((performance.now() - this.#startedAt) * PER_SECOND) / 1_000) - this.#issued;
    for (let count = 0; count < due; count++) {
      const request = this.#request(this.#random() < NEW_SHARE ? ++this.#lastNew : Math.floor(this.#random() * DEALS));
      this.#underWay.add(request);
      void request.then(() => this.#underWay.delete(request));
    }
    this.#issued += Math.max(0, due);
  }

  async #request(id: number): Promise<void> {
    const from = performance.now();
    const floor = this.#source.floorOf(id);
    try {
      const { version } = await this.#deals.getOrSet(id, () => this.#source.load(id));
      this.served.push({ id, from, to: performance.now(), isStale: version < floor });
    } catch (error) {
      this.errors.push(error);
    }
  }
}
