import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CopyTable, type Holdable } from '../../src/engine/copy-table.ts';

const held = (bytes = 1): Holdable => ({ bytes, wasUsed: false });

function tableOf(maxEntries: number, maxBytes = 1_000): CopyTable<Holdable> {
  return new CopyTable({ maxEntries, maxBytes });
}

describe('a table of copies', () => {
  it('evicts the oldest one that was not used', () => {
    const table = tableOf(3);
    for (const key of ['a', 'b', 'c']) table.set(key, held());
    for (const key of ['a', 'c']) table.get(key);
    table.set('d', held());
    expect(keysIn(table, 'abcd')).toBe('acd');
  });

  it('gives a second chance, not a third', () => {
    const table = tableOf(2);
    for (const key of ['a', 'b']) {
      table.set(key, held());
      table.get(key);
    }
    table.set('c', held()); // passes over both, comes back to the first
    table.set('d', held());
    expect(keysIn(table, 'abcd')).toBe('cd');
  });

  it('passes over no more than so many at a time, however many were used', () => {
    const table = tableOf(100);
    const keys = Array.from({ length: 100 }, (_, index) => `${index}`);
    for (const key of keys) table.set(key, { bytes: 1, wasUsed: true });
    table.set('new', held());
    expect(keys.filter((key) => !table.get(key))).toEqual(['32']);
  });

  it('keeps nothing that is larger than all may be together, and loses nothing for it', () => {
    const table = tableOf(10, 100);
    table.set('a', held(60));
    table.set('b', held(101));
    expect([keysIn(table, 'ab'), table.bytes]).toEqual(['a', 60]);
  });

  it('drops the older value under the key of one that is too large', () => {
    const table = tableOf(10, 100);
    table.set('a', held(60));
    table.set('a', held(101));
    expect([keysIn(table, 'a'), table.bytes]).toEqual(['', 0]);
  });

  it('holds nothing where nothing may be held', () => {
    const table = tableOf(10, 0);
    table.set('a', held());
    expect(table.size).toBe(0);
  });

  it('stays within its bounds and counts its bytes, whatever is done', () => {
    const action = fc.record({
      key: fc.constantFrom(...'abcdefgh'),
      what: fc.constantFrom('set', 'use', 'delete'),
      bytes: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const table = tableOf(4, 100);
        for (const { key, what, bytes } of actions) {
          if (what === 'set') table.set(key, held(bytes));
          else if (what === 'use') table.get(key);
          else table.delete(key);
          const kept = [...'abcdefgh'].flatMap((name) => table.get(name) ?? []);
          expect(table.bytes).toBe(kept.reduce((total, value) => total + value.bytes, 0));
          expect(table.size).toBe(kept.length);
          expect(table.size).toBeLessThanOrEqual(4);
          expect(table.bytes).toBeLessThanOrEqual(100);
        }
      }),
    );
  });
});

function keysIn(table: CopyTable<Holdable>, among: string): string {
  return [...among].filter((key) => table.get(key)).join('');
}
