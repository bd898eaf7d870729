import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { CacheConfigError, createCache, KeyError, LoaderTimeoutError } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';
import { fleet } from './fixtures.ts';

type Value = string | null | undefined;
const TYPE = { ttl: '1h' } as const;
const byId = async (missing: readonly unknown[]) => missing.map((id) => `lead ${id}`);
const ids = (size: number) => Array.from({ length: size }, (_, index) => index);

/** A batch loader that a test lets go when it likes. */
function heldBatch() {
  const calls: { missing: readonly unknown[]; finish: () => void }[] = [];
  const load = vi.fn(
    (missing: readonly unknown[]) =>
      new Promise<string[]>((resolve) => {
        calls.push({ missing, finish: () => resolve(missing.map((id) => `lead ${id}`)) });
      }),
  );
  return { load, calls };
}

describe('getOrSetMany', () => {
  it('reads the store once, loads what is missing in one call, and keeps the order', async () => {
    const { one, store } = fleet<string>(TYPE);
    await one.leads.set(2, 'stored 2');
    const read = vi.spyOn(store, 'read');
    const load = vi.fn(byId);
    expect(await one.leads.getOrSetMany([3, 2, 1], load)).toEqual(['lead 3', 'stored 2', 'lead 1']);
    expect(read).toHaveBeenCalledTimes(1);
    expect(load.mock.calls.map(([missing]) => missing)).toEqual([[3, 1]]);
    await settle();
    expect(await one.leads.getMany([1, 2, 3, 4])).toEqual(['lead 1', 'stored 2', 'lead 3', undefined]);
  });

  it('gives nothing for nothing, and does not call the loader', async () => {
    const { one } = fleet<string>(TYPE);
    const load = vi.fn(byId);
    expect(await one.leads.getOrSetMany([], load)).toEqual([]);
    expect(load).not.toHaveBeenCalled();
  });

  it('loads a duplicate once, also if one is written as a number and one as a text', async () => {
    const { one } = fleet<string>(TYPE);
    const load = vi.fn(byId);
    expect(await one.leads.getOrSetMany([1, 2, 1, '1'], load)).toEqual(['lead 1', 'lead 2', 'lead 1', 'lead 1']);
    expect(load.mock.calls.map(([missing]) => missing)).toEqual([[1, 2]]);
  });

  it('takes 1,200 identifiers in three chunks', async () => {
    const { one, store } = fleet<string>(TYPE);
    const read = vi.spyOn(store, 'read');
    const load = vi.fn(byId);
    expect(await one.leads.getOrSetMany(ids(1_200), load)).toEqual(ids(1_200).map((id) => `lead ${id}`));
    expect(load.mock.calls.map(([missing]) => missing.length)).toEqual([500, 500, 200]);
    expect(read).toHaveBeenCalledTimes(3);
    expect(one.stats()).toMatchObject({ loads: 1_200, stored: 1_200 });
  });

  it('takes a Map, an array, and an iterable of neither', async () => {
    const { one } = fleet<Value>({ ...TYPE, backoff: 0 });
    const map = await one.leads.getOrSetMany([1, 2], () => new Map([[2, 'two']]));
    expect(map).toEqual([undefined, 'two']);
    await settle();
    expect(await one.leads.getMany([1, 2])).toEqual([undefined, 'two']);
    for (const nonsense of [undefined, null, 7, 'text', { 3: 'three' }, new Set(['three'])]) {
      const failing = one.leads.getOrSetMany([3], () => nonsense as never);
      await expect(failing).rejects.toThrow(/loadMissing must return a Map or an array/);
      await expect(failing).rejects.toBeInstanceOf(CacheConfigError);
    }
    await expect(one.leads.getOrSetMany([3], 'no function' as never)).rejects.toBeInstanceOf(CacheConfigError);
  });

  it('does not take a Map that has an identifier in another form: it would be missing for ever, and nobody would know', async () => {
    const { one } = fleet<string>({ ...TYPE, backoff: 0 });
    const failing = one.leads.getOrSetMany(
      [1, 2],
      () =>
        new Map<string | number, string>([
          [1, 'one'],
          ['2', 'two'],
        ]),
    );
    await expect(failing).rejects.toThrow(
      'a Map of loadMissing must have the identifiers as they stand in missing, the number 2; it has a string of 1 character',
    );
    await expect(failing).rejects.toBeInstanceOf(CacheConfigError);
    const query = { q: 'Ada' };
    const queries = createCache({ types: { search: { ttl: '1h', identifier: 'query' } }, logger: false }).type(
      'search',
    );
    expect(await queries.getOrSetMany([query], () => new Map([[query, 'found']]))).toEqual(['found']);
    const copies = queries.getOrSetMany([{ q: 'Bob' }], () => new Map([[{ q: 'Bob' }, 'found']]));
    await expect(copies).rejects.toThrow('as they stand in missing, an object; it has an object');
  });

  it('warns once of a Map that lacks identifiers and has others, and never of one that only has more', async () => {
    const lines: unknown[] = [];
    const note = (fields: object, message: string) => lines.push([fields, message]);
    const logger = { debug() {}, info: note, warn: note, error: note, isLevelEnabled: () => false };
    const leads = createCache({ types: { lead: TYPE }, logger }).type('lead');
    const rows = () =>
      new Map<number, string>([
        [1, 'one'],
        [2, 'two'],
        [3, 'three'],
      ]);
    expect(await leads.getOrSetMany([1, 3], rows)).toEqual(['one', 'three']);
    expect(lines).toEqual([]);
    const byNothing = () => new Map<never, string>([[undefined as never, 'a row without its id']]);
    expect(await leads.getOrSetMany([4], byNothing)).toEqual([undefined]);
    expect(await leads.getOrSetMany([5, 2], rows)).toEqual([undefined, 'two']);
    expect(lines).toEqual([[{ type: 'lead' }, expect.stringContaining('has keys that were not')]]);
  });

  it('does not take an array that is shorter or longer: rows would end up under the identifiers of others', async () => {
    const { one } = fleet<string>({ ...TYPE, backoff: 0 });
    for (const rows of [['lead 1', 'lead 3'], ['a', 'b', 'c', 'd'], []]) {
      await expect(one.leads.getOrSetMany([1, 2, 3], () => rows)).rejects.toThrow(/one element for each/);
      await settle();
    }
    expect(await one.leads.getMany([1, 2, 3])).toEqual([undefined, undefined, undefined]);
  });

  it('settles each value by itself: one fails, one is null, one is invalidated, one is undefined', async () => {
    const { one, two } = fleet<Value>({ ...TYPE, backoff: 0 });
    const failure = new Error('row 1 is broken');
    const outcome = one.leads.getOrSetMany([1, 2, 3, 4, 5], async () => {
      await two.leads.invalidate(3);
      return [failure, null, 'read before', undefined, 'Ada'];
    });
    await expect(outcome).rejects.toBe(failure);
    await settle();
    expect(await two.leads.getMany([1, 2, 3, 4, 5])).toEqual([undefined, null, undefined, undefined, 'Ada']);
    expect(one.stats()).toMatchObject({ loadErrors: 1, refused: 1, uncacheable: 1, stored: 2 });
  });

  it('rejects with the same error for all when the loader fails, and pauses each key', async () => {
    const { clock, one } = fleet<string>(TYPE);
    const error = new Error('database gone');
    await expect(one.leads.getOrSetMany([1, 2], () => Promise.reject(error))).rejects.toBe(error);
    await expect(
      fleet<string>(TYPE).one.leads.getOrSetMany([1], () => {
        throw error;
      }),
    ).rejects.toBe(error);
    const load = vi.fn(byId);
    const retry = one.leads.getOrSetMany([1, 2], load);
    await clock.advance(240);
    expect(load).not.toHaveBeenCalled();
    await clock.advance(10);
    expect(await retry).toEqual(['lead 1', 'lead 2']);
  });

  it('joins what is being loaded, and does not wait with the rest', async () => {
    const { one } = fleet<string>(TYPE);
    const first = heldBatch();
    const second = heldBatch();
    const left = one.leads.getOrSetMany([1, 2], first.load);
    await settle();
    const right = one.leads.getOrSetMany([2, 3], second.load);
    await settle();
    expect(second.calls.map(({ missing }) => missing)).toEqual([[3]]);
    first.calls[0]?.finish();
    second.calls[0]?.finish();
    expect(await Promise.all([left, right])).toEqual([
      ['lead 1', 'lead 2'],
      ['lead 2', 'lead 3'],
    ]);
  });

  it('overlaps with that of another process without a deadlock: each key is loaded once', async () => {
    const { clock, one, two } = fleet<string>(TYPE);
    const loaded: unknown[] = [];
    const load = async (missing: readonly unknown[]) => {
      loaded.push(...missing);
      await new Promise<void>((resolve) => clock.after(100, resolve));
      return byId(missing);
    };
    const there = one.leads.getOrSetMany([1, 2, 3, 4], load);
    const here = two.leads.getOrSetMany([6, 5, 4, 3], load);
    await clock.advance(1_000);
    expect(await there).toEqual(['lead 1', 'lead 2', 'lead 3', 'lead 4']);
    expect(await here).toEqual(['lead 6', 'lead 5', 'lead 4', 'lead 3']);
    expect(loaded.sort()).toEqual([1, 2, 3, 4, 5, 6]);
    await settle();
    expect(clock.pendingTimers).toBe(0);
  });

  it('serves stale values at once, and refreshes them together without the context of the request', async () => {
    const { clock, one } = fleet<string>({ ttl: '10s', grace: '1m' });
    await one.leads.setMany([
      [1, 'old 1'],
      [2, 'old 2'],
    ]);
    await clock.advance(15_000);
    const request = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const load = (missing: readonly unknown[]) => {
      seen.push([missing, request.getStore()]);
      return byId(missing);
    };
    expect(await request.run('request 7', () => one.leads.getOrSetMany([1, 2], load))).toEqual(['old 1', 'old 2']);
    await settle();
    expect(seen).toEqual([[[1, 2], undefined]]);
    expect(await one.leads.getMany([1, 2])).toEqual(['lead 1', 'lead 2']);
  });

  it('loads what the request waits for in its context, whatever is refreshed with it', async () => {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      const { clock, one } = fleet<string>({ ttl: '10s', grace: '1m' });
      await one.leads.set(1, 'old 1');
      await clock.advance(15_000);
      const request = new AsyncLocalStorage<string>();
      const seen = new Map<unknown, unknown>();
      const load = (missing: readonly unknown[]) => {
        for (const id of missing) seen.set(id, request.getStore());
        return byId(missing);
      };
      await request.run('request 7', () => one.leads.getOrSetMany(order, load));
      await settle();
      expect(seen.get(2)).toBe('request 7');
    }
  });

  it('with a softTimeout does not hold up its loads for a refresh that another batch runs', async () => {
    const { clock, one } = fleet<string>({ ttl: '10s', grace: '1m', softTimeout: '5s' });
    await one.leads.setMany([[1, 'old 1']]);
    await clock.advance(15_000);
    const first = heldBatch();
    const second = heldBatch();
    const left = one.leads.getOrSetMany([1], first.load);
    await settle();
    const right = one.leads.getOrSetMany([1, 2], second.load);
    await settle();
    expect(second.calls.map(({ missing }) => missing)).toEqual([[2]]);
    second.calls[0]?.finish();
    first.calls[0]?.finish();
    expect(await left).toEqual(['lead 1']);
    expect(await right).toEqual(['lead 1', 'lead 2']);
    expect(clock.now()).toBe(15_000);
  });

  it('gives each value its hardTimeout, and aborts the signal of the call', async () => {
    const { clock, one } = fleet<string>({ ...TYPE, hardTimeout: '2s' });
    let signal: AbortSignal | undefined;
    const reading = one.leads.getOrSetMany([1, 2], (_missing, context) => {
      signal = context.signal;
      return new Promise(() => {});
    });
    const rejected = expect(reading).rejects.toBeInstanceOf(LoaderTimeoutError);
    await clock.advance(2_000);
    await rejected;
    expect(signal?.aborted).toBe(true);
  });

  it('refuses more than 10,000 identifiers, and what is no array or no identifier', async () => {
    const { one } = fleet<string>(TYPE);
    const load = vi.fn(byId);
    for (const bad of [ids(10_001), undefined, 'text', new Set([1])]) {
      await expect(one.leads.getOrSetMany(bad as never, load)).rejects.toBeInstanceOf(KeyError);
      await expect(one.leads.getMany(bad as never)).rejects.toBeInstanceOf(KeyError);
      await expect(one.leads.invalidateMany(bad as never)).rejects.toBeInstanceOf(KeyError);
    }
    await expect(one.leads.getOrSetMany([1, {} as never], load)).rejects.toBeInstanceOf(KeyError);
    await expect(one.leads.getMany([1, {} as never])).rejects.toBeInstanceOf(KeyError);
  });

  it('of a cache that is not enabled loads everything in one call', async () => {
    const leads = createCache({ types: { lead: { ttl: '1h' } }, enabled: false, logger: false }).type('lead');
    const load = vi.fn(byId);
    expect(await leads.getOrSetMany([1, 2, 1], load)).toEqual(['lead 1', 'lead 2', 'lead 1']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('loads without the store when it does not answer', async () => {
    const { one, store } = fleet<string>(TYPE);
    await store.close();
    const load = vi.fn(byId);
    expect(await one.leads.getOrSetMany([1, 2], load)).toEqual(['lead 1', 'lead 2']);
    expect(load).toHaveBeenCalledTimes(1);
  });
});

describe('getMany', () => {
  it('reads at most 500 keys at a time, and equal keys once', async () => {
    const { one, store } = fleet<string>(TYPE);
    const read = vi.spyOn(store, 'read');
    await one.leads.getMany([...ids(1_200), ...ids(1_200)]);
    const sizes = read.mock.calls.map(([keys]) => keys.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    await one.leads.getMany([1, 1, 1]);
    expect(read.mock.lastCall?.[0]).toHaveLength(1);
  });
});

describe('setMany', () => {
  it('stores each value, from any iterable, and says how many', async () => {
    const { one, two } = fleet<Value>(TYPE);
    expect(await one.leads.setMany(new Map(ids(1_200).map((id) => [id, `lead ${id}`])))).toBe(1_200);
    expect(await two.leads.getMany([0, 1_199])).toEqual(['lead 0', 'lead 1199']);
    expect(
      await one.leads.setMany([
        [1, undefined],
        [2, null],
      ]),
    ).toBe(1);
    expect(await one.leads.setMany([])).toBe(0);
  });

  it('refuses what is no list of pairs', async () => {
    const { one } = fleet<Value>(TYPE);
    for (const bad of [undefined, 7, [1], ['text'], [[{}, 'value']], ids(10_001).map((id) => [id, 'x'])]) {
      await expect(one.leads.setMany(bad as never)).rejects.toBeInstanceOf(KeyError);
    }
  });
});

describe('getOrSetManySettled', () => {
  it('settles each value by itself, in order: a failed load and a bad identifier are the reasons of theirs', async () => {
    const { one } = fleet<string>(TYPE);
    await one.leads.set(1, 'stored');
    const error = new Error('no such lead');
    const load = vi.fn(async (missing: readonly unknown[]) => missing.map((id) => (id === 2 ? error : `lead ${id}`)));
    const settled = await one.leads.getOrSetManySettled([3, Number.NaN, 2, 1], load);
    expect(settled).toEqual([
      { status: 'fulfilled', value: 'lead 3' },
      { status: 'rejected', reason: expect.any(KeyError) },
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: 'stored' },
    ]);
    expect(load).toHaveBeenCalledTimes(1);
    await settle();
    expect(await one.leads.getMany([1, 2, 3])).toEqual(['stored', undefined, 'lead 3']);
  });

  it('goes on with the next 500 after a failure', async () => {
    const { one } = fleet<string>(TYPE);
    const load = async (missing: readonly unknown[]) =>
      missing.map((id) => (Number(id) < 500 ? new Error('down') : `lead ${id}`));
    const settled = await one.leads.getOrSetManySettled(ids(501), load);
    expect(settled.map(({ status }) => status).filter((status) => status === 'fulfilled')).toHaveLength(1);
    expect(settled.at(-1)).toEqual({ status: 'fulfilled', value: 'lead 500' });
  });

  it('is nothing for nothing; what is wrong with the call is thrown', async () => {
    const { one } = fleet<string>(TYPE);
    expect(await one.leads.getOrSetManySettled([], byId)).toEqual([]);
    await expect(one.leads.getOrSetManySettled('12' as never, byId)).rejects.toThrow('must be an array');
    await expect(one.leads.getOrSetManySettled([1], 'byId' as never)).rejects.toThrow('loadMissing must be a function');
    await expect(one.leads.getOrSetManySettled([1], byId, { ttl: Number.NaN })).rejects.toThrow(CacheConfigError);
    await expect(one.leads.getOrSetManySettled([1], byId, null as never)).rejects.toThrow(KeyError);
    await expect(one.leads.getOrSetManySettled([1], byId, { signal: 5 as never })).rejects.toThrow('signal must be');
  });
});

describe('setMany with options of each value', () => {
  it('takes the ttl and grace of a value before those of the call, and both their tags', async () => {
    const { clock, one } = fleet<string>(TYPE);
    const entries = [
      [1, 'short', { ttl: '10s', tags: ['own'] }],
      [2, 'plain'],
      [3, 'by value', { ttl: (value: string) => (value === 'by value' ? '20s' : '1h') }],
    ] as const;
    expect(await one.leads.setMany(entries, { ttl: '1m', tags: ['import'] })).toBe(3);
    await clock.advance(10_000);
    expect(await one.leads.getMany([1, 2, 3])).toEqual([undefined, 'plain', 'by value']);
    await clock.advance(10_000);
    expect(await one.leads.getMany([2, 3])).toEqual(['plain', undefined]);
    await one.leads.setMany(
      [
        [4, 'a', { tags: ['own'] }],
        [5, 'b'],
      ],
      { tags: ['import'] },
    );
    await one.cache.invalidateTags(['own']);
    expect(await one.leads.getMany([4, 5])).toEqual([undefined, 'b']);
    await one.cache.invalidateTags(['import']);
    expect(await one.leads.get(5)).toBeUndefined();
  });

  it('refuses bad ones', async () => {
    const { one } = fleet<string>(TYPE);
    const set = (options: unknown) => one.leads.setMany([[1, 'a', options]] as never);
    await expect(set('5m')).rejects.toThrow('The options must be an object');
    await expect(set({ tll: 1 })).rejects.toThrow('tll is no option of a call; its options are ttl, grace and tags');
    await expect(set({ force: true })).rejects.toThrow('force is no option of a call');
    await expect(set({ grace: Number.NaN })).rejects.toThrow('grace must be');
    await expect(set({ grace: async () => '1m' })).rejects.toThrow('grace must be a function that is not async');
    await expect(one.leads.setMany([[1, 'a', {}, {}]] as never)).rejects.toThrow('got 4 elements');
  });
});
