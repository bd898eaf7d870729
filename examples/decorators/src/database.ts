import { setImmediate } from 'node:timers/promises';

export interface Lead {
  readonly id: number;
  readonly name: string;
}

/** A slow source that counts its queries. */
export class Database {
  queries = 0;
  readonly #leads = new Map<number, Lead>([
    [7, { id: 7, name: 'Ada Byron' }],
    [8, { id: 8, name: 'Charles Babbage' }],
  ]);

  async find(id: number): Promise<Lead | null> {
    await this.#query();
    return this.#leads.get(id) ?? null;
  }

  async search(text: string): Promise<Lead[]> {
    await this.#query();
    const wanted = text.trim().toLowerCase();
    return [...this.#leads.values()].filter(({ name }) => name.toLowerCase().includes(wanted));
  }

  async save(lead: Lead): Promise<Lead> {
    await this.#query();
    this.#leads.set(lead.id, lead);
    return lead;
  }

  async #query(): Promise<void> {
    this.queries++;
    await setImmediate();
  }
}
