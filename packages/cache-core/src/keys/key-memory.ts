/** Characters that one generation remembers. */
const ROOM = 500_000;
/** What an entry costs besides its characters, roughly. */
const ENTRY_OVERHEAD = 60;

/** The remembered keys of one type, in two generations. */
export interface KeyTable {
  /** The young generation becomes the old one. @returns whether anything is remembered still */
  turn(): boolean;
  forget(): void;
}

/**
 * Bounds the remembered keys, in characters, for a cache and all its children together, however many types and children
 * there are (P7). When the bound is reached, all tables turn: what is in use outlives the older generation.
 */
export class KeyMemory {
  readonly #root: KeyMemory;
  /** The tables of this cache alone that remember something. */
  readonly #tables = new Set<KeyTable>();
  /** In the root only: the caches that remember something. */
  readonly #members = new Set<KeyMemory>();
  #left = ROOM;

  constructor(parent?: KeyMemory) {
    this.#root = parent ? parent.#root : this;
  }

  /** To be called before a key is remembered in the young generation of the table. */
  take(table: KeyTable, characters: number): void {
    const root = this.#root;
    root.#left -= characters + ENTRY_OVERHEAD;
    if (root.#left < 0) root.#turnAll(ROOM - characters - ENTRY_OVERHEAD);
    root.#members.add(this);
    this.#tables.add(table);
  }

  /** The cache is closed. */
  forget(): void {
    for (const table of this.#tables) table.forget();
    this.#tables.clear();
    this.#root.#members.delete(this);
  }

  #turnAll(left: number): void {
    this.#left = left;
    for (const member of this.#members) if (!member.#turn()) this.#members.delete(member);
  }

  #turn(): boolean {
    for (const table of this.#tables) if (!table.turn()) this.#tables.delete(table);
    return this.#tables.size > 0;
  }
}
