import { describe, expect, it } from 'vitest';
import { KeyMemory, type KeyTable } from '../../src/keys/key-memory.ts';

/** A generation of the whole memory, in characters of one key. */
const MOST = 500_000 - 60;

/** Counts what it holds, in two generations. */
class Table implements KeyTable {
  young = 0;
  old = 0;

  turn(): boolean {
    this.old = this.young;
    this.young = 0;
    return this.old > 0;
  }

  forget(): void {
    this.young = 0;
    this.old = 0;
  }

  get held(): number {
    return this.young + this.old;
  }

  remember(memory: KeyMemory, characters: number): void {
    memory.take(this, characters);
    this.young += characters;
  }
}

describe('KeyMemory', () => {
  it('is bounded over all types of all children, those that ask for nothing any more included', () => {
    const root = new KeyMemory();
    const tables: Table[] = [];
    for (let child = 0; child < 2_000; child++) {
      const memory = new KeyMemory(new KeyMemory(root));
      const table = new Table();
      for (let key = 0; key < 50; key++) table.remember(memory, 100);
      tables.push(table);
    }
    const held = tables.reduce((total, table) => total + table.held, 0);
    expect(held).toBeLessThanOrEqual(1_000_000);
    expect(tables[0]?.held).toBe(0);
    expect(tables.at(-1)?.held).toBe(5_000);
  });

  it('keeps what is in use for a generation after', () => {
    const memory = new KeyMemory();
    const [mine, other] = [new Table(), new Table()];
    mine.remember(memory, 10);
    other.remember(memory, MOST);
    expect(mine.held).toBe(10);
    other.remember(memory, MOST);
    expect(mine.held).toBe(0);
  });

  it('frees what is of a cache that is closed, and of no other', () => {
    const root = new KeyMemory();
    const child = new KeyMemory(root);
    const [mine, other] = [new Table(), new Table()];
    mine.remember(child, 10);
    other.remember(root, 10);
    child.forget();
    expect([mine.held, other.held]).toEqual([0, 10]);
  });
});
