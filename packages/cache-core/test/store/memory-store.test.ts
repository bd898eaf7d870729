import { describe, expect, it } from 'vitest';
import { buildPattern, CacheConfigError, memoryStore, type NewEntry, StoreUnavailableError } from '../../src/index.ts';
import { put } from '../../src/testing/contract-fixtures.ts';
import { describeStore, FakeClock } from '../../src/testing/index.ts';

describeStore({ describe, it }, 'memory', async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock });
  return { store, advance: (ms) => clock.advance(ms), close: () => store.close() };
});

const scope = { namespace: undefined, type: 'lead' };
const keyOf = (identifier: number) => ({ text: `lead:${identifier}`, scope });
const entryOf = (bytes: number, tags: readonly string[] = []): NewEntry => ({
  bytes: new Uint8Array(bytes),
  freshForMs: 60_000,
  expiresInMs: 60_000,
  loadMs: 0,
  tags,
});

describe('memoryStore', () => {
  it('keeps at most maxEntries, the least recently read go first', async () => {
    const store = memoryStore({ maxEntries: 3 });
    for (const id of [1, 2, 3]) await put(store, keyOf(id), entryOf(10));
    await store.read([keyOf(1)]);
    await put(store, keyOf(4), entryOf(10));
    const kinds = (await store.read([1, 2, 3, 4].map(keyOf))).map(({ kind }) => kind);
    expect(kinds).toEqual(['hit', 'absent', 'hit', 'hit']);
  });

  it('keeps at most maxBytes, tags counted', async () => {
    const store = memoryStore({ maxBytes: 10_000 });
    for (let id = 0; id < 100; id++) await put(store, keyOf(id), entryOf(500, ['some-tag']));
    const report = await store.report();
    expect(report.bytes).toBeLessThanOrEqual(10_000);
    expect(report.entries).toBeGreaterThan(5);
  });

  it('does not keep a value larger than maxBytes, nor the one it replaces', async () => {
    const store = memoryStore({ maxBytes: 1_000 });
    await put(store, keyOf(1), entryOf(10));
    await put(store, keyOf(1), entryOf(5_000));
    expect((await store.read([keyOf(1)]))[0]?.kind).toBe('absent');
  });

  it('refuses every call once it is closed, and says so', async () => {
    const store = memoryStore();
    const states: string[] = [];
    store.onStatus((status) => states.push(status.state));
    await store.close();
    await store.close();
    expect(states).toEqual(['down']);
    await expect(store.read([keyOf(1)])).rejects.toThrow(StoreUnavailableError);
    await expect(store.sweep(buildPattern(scope, '*'), { batchSize: 1 })).rejects.toThrow(StoreUnavailableError);
  });

  it.each([{ maxEntries: 0 }, { maxEntries: 1.5 }, { maxBytes: -1 }, { maxBytes: Number.NaN }])(
    'refuses %o',
    (options) => {
      expect(() => memoryStore(options)).toThrow(CacheConfigError);
    },
  );

  it('shares one ranking a key between its users', async () => {
    const store = memoryStore();
    await store.ranking?.('popular', { capacity: 10 }).add(new Map([['acme', 2]]));
    expect(await store.ranking?.('popular', { capacity: 10 }).top(5)).toEqual([{ member: 'acme', score: 2 }]);
  });
});
