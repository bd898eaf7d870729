import { describe, expect, it, vi } from 'vitest';
import {
  type CacheOptions,
  type CacheTypes,
  cacheType,
  createCache,
  memoryStore,
  StoreUnavailableError,
} from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const open = <const T extends CacheTypes>(types: T, options: Partial<CacheOptions<T>> = {}) =>
  createCache<T>({ types, logger: false, random: () => 0, ...options });
const leadCache = (options: Partial<CacheOptions> = {}) => open({ lead: { ttl: '1h' } }, options as never);

function nothing(): never {
  throw new Error('thrown by the caller');
}

/** A loader that a test lets go when it likes. */
function heldLoader<T>() {
  let finish: (value: T) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const load = vi.fn(
    () =>
      new Promise<T>((resolve, reject) => {
        finish = resolve;
        fail = reject;
      }),
  );
  return { load, finish: (value: T) => finish(value), fail: (error: unknown) => fail(error) };
}

describe('getOrSet', () => {
  it('loads once and then answers from the store', async () => {
    const leads = leadCache().type('lead');
    const load = vi.fn(async () => ({ name: 'Ada' }));
    expect(await leads.getOrSet(42, load)).toEqual({ name: 'Ada' });
    expect(await leads.getOrSet('42', load)).toEqual({ name: 'Ada' });
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('runs one load for 1,000 concurrent callers of a cold key', async () => {
    const cache = leadCache();
    const { load, finish } = heldLoader<string>();
    const callers = Array.from({ length: 500 }, () => cache.type('lead').getOrSet(42, load));
    await settle();
    callers.push(...Array.from({ length: 500 }, () => cache.type('lead').getOrSet(42, load)));
    await settle();
    finish('Ada');
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['Ada']));
    expect(load).toHaveBeenCalledTimes(1);
    expect(cache.stats().lead).toMatchObject({ loads: 1, misses: 1000, coalesced: 999, stored: 1 });
  });

  it('gives every caller the same error object, caches nothing, and tries again after the backoff', async () => {
    const clock = new FakeClock();
    const leads = leadCache({ clock }).type('lead');
    const { load, fail } = heldLoader<string>();
    const callers = [leads.getOrSet(1, load), leads.getOrSet(1, load)];
    await settle();
    callers.push(leads.getOrSet(1, load));
    await settle();
    const error = new Error('database gone');
    fail(error);
    for (const outcome of await Promise.allSettled(callers))
      expect(outcome).toEqual({ status: 'rejected', reason: error });
    expect(load).toHaveBeenCalledTimes(1);

    const second = vi.fn(async () => 'Ada');
    const retry = leads.getOrSet(1, second);
    await clock.advance(200);
    expect(second).not.toHaveBeenCalled();
    await clock.advance(100);
    expect(await retry).toBe('Ada');
  });

  it('does not pause after a failure with backoff: 0', async () => {
    const leads = open({ lead: { ttl: '1h', backoff: 0 } }, { clock: new FakeClock() }).type('lead');
    await expect(leads.getOrSet(1, () => Promise.reject(new Error('once')))).rejects.toThrow('once');
    expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
  });

  it('takes a loader that is not asynchronous, and one that throws at once', async () => {
    const leads = leadCache().type('lead');
    expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
    await expect(
      leads.getOrSet(2, () => {
        throw new TypeError('at once');
      }),
    ).rejects.toThrow(TypeError);
  });

  it('caches null, false, 0 and the empty string, and does not cache undefined', async () => {
    const leads = leadCache().type('lead');
    for (const value of [null, false, 0, '', undefined]) {
      const load = vi.fn(async () => value);
      const identifier = `value ${String(value)} ${typeof value}`;
      expect(await leads.getOrSet(identifier, load)).toBe(value);
      expect(await leads.getOrSet(identifier, load)).toBe(value);
      expect(load).toHaveBeenCalledTimes(value === undefined ? 2 : 1);
    }
  });

  it('returns the object of the loader untouched, and its own copy to each later reader', async () => {
    const leads = leadCache().type('lead');
    const own = { name: 'Ada' };
    expect(await leads.getOrSet(1, () => own)).toBe(own);
    const first = (await leads.get(1)) as { name: string };
    first.name = 'changed';
    expect(await leads.get(1)).toEqual({ name: 'Ada' });
  });

  it('keeps a load alive that takes longer than its lease', async () => {
    const clock = new FakeClock();
    const leads = open({ lead: { ttl: '1h', lease: '3s' } }, { clock }).type('lead');
    const { load, finish } = heldLoader<string>();
    const value = leads.getOrSet(1, load);
    await clock.advance(20_000);
    finish('Ada');
    expect(await value).toBe('Ada');
    expect(await leads.get(1)).toBe('Ada');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('TTL', () => {
  it('of the type is shortened by its jitter, of a call is not', async () => {
    const clock = new FakeClock();
    const leads = createCache({ types: { lead: { ttl: 100 } }, logger: false, clock, random: () => 1 }).type('lead');
    await leads.set(1, 'Ada');
    await leads.set(2, 'Bob', { ttl: '100s' });
    expect([await leads.getTtl(1), await leads.getTtl(2), await leads.getTtl(3)]).toEqual([95, 100, -2]);
    await clock.advance(95_001);
    expect([await leads.get(1), await leads.get(2)]).toEqual([undefined, 'Bob']);
  });

  it('can be told from the value, by the type and by the call', async () => {
    const jobs = open({ job: cacheType<{ isDone: boolean }>({ ttl: ({ isDone }) => (isDone ? '1h' : '2s') }) }).type(
      'job',
    );
    await jobs.getOrSet(1, () => ({ isDone: true }));
    await jobs.getOrSet(2, () => ({ isDone: false }));
    await jobs.getOrSet(3, () => ({ isDone: false }), { ttl: ({ isDone }) => (isDone ? 9 : 7) });
    expect([await jobs.getTtl(1), await jobs.getTtl(2), await jobs.getTtl(3)]).toEqual([3600, 2, 7]);
  });

  it.each([
    ['a condition', { condition: () => nothing() }],
    ['a tags function', { tags: () => nothing() }],
    ['a ttl function', { ttl: () => nothing() }],
  ])('%s that throws leaves the value to everybody who waits, uncached', async (_what, settings) => {
    const leads = open({ lead: { ttl: '1h', ...settings } }).type('lead');
    const { load, finish } = heldLoader<string>();
    const callers = [leads.getOrSet(1, load)];
    await settle();
    callers.push(leads.getOrSet(1, async () => 'Ada'));
    await settle();
    finish('Ada');
    expect(await Promise.all(callers)).toEqual(['Ada', 'Ada']);
    expect([await leads.get(1), await leads.set(1, 'x')]).toEqual([undefined, false]);
  });

  it('that turns out bad leaves the value uncached, not the caller without it', async () => {
    const warn = vi.fn();
    const logger = { debug() {}, info() {}, warn, error() {}, isLevelEnabled: () => false };
    const leads = open({ lead: { ttl: () => -1 } }, { logger }).type('lead');
    expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
    expect(await leads.get(1)).toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe('invalidation', () => {
  const withTags = () => open({ lead: { ttl: '1h', tags: ['crm'] }, report: { ttl: '1h' } });

  it.each([
    ['a key', (cache: ReturnType<typeof withTags>) => cache.type('lead').invalidate(42)],
    ['several keys', (cache: ReturnType<typeof withTags>) => cache.type('lead').invalidateMany([41, 42])],
    ['the type', (cache: ReturnType<typeof withTags>) => cache.type('lead').invalidateAll()],
    ['a tag of the type', (cache: ReturnType<typeof withTags>) => cache.invalidateTags(['crm'])],
    ['a tag of the call', (cache: ReturnType<typeof withTags>) => cache.invalidateTags(['acme'])],
    ['a tag told by the value', (cache: ReturnType<typeof withTags>) => cache.invalidateTags(['owner:7'])],
    ['a pattern', (cache: ReturnType<typeof withTags>) => cache.invalidatePattern('lead:4*')],
    ['clear', (cache: ReturnType<typeof withTags>) => cache.clear()],
  ])('of %s is followed by exactly one load', async (_what, invalidate) => {
    const cache = withTags();
    const leads = cache.type('lead');
    let version = 1;
    const load = vi.fn(async () => ({ version, owner: 7 }));
    const read = () =>
      Promise.all(
        Array.from({ length: 10 }, () =>
          leads.getOrSet(42, load, { tags: (lead) => ['acme', `owner:${lead.owner}`] }).then((lead) => lead.version),
        ),
      );
    await read();
    version = 2;
    await invalidate(cache);
    expect(new Set(await read())).toEqual(new Set([2]));
    expect(new Set(await read())).toEqual(new Set([2]));
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('during a load: those who asked before get the old value, those who ask after do not, and it is not stored', async () => {
    const leads = leadCache().type('lead');
    const old = heldLoader<string>();
    const before = leads.getOrSet(42, old.load);
    await settle();
    await leads.invalidate(42);
    const after = leads.getOrSet(42, async () => 'new');
    old.finish('old');
    expect(await before).toBe('old');
    expect(await after).toBe('new');
    expect(await leads.get(42)).toBe('new');
  });

  it('says how much it removed', async () => {
    const cache = withTags();
    const leads = cache.type('lead');
    for (const id of [1, 2, 11]) await leads.set(id, 'x');
    expect(await leads.invalidateMany([1, 99])).toEqual({ applied: true, removed: 1 });
    expect(await leads.invalidateMany([])).toEqual({ applied: true, removed: 0 });
    expect(await cache.invalidatePattern('lead:*', { dryRun: true })).toBe(2);
    expect(await cache.invalidatePattern('lead:1*')).toBe(1);
    expect(await cache.clear()).toEqual({ applied: true, removed: 1 });
  });

  it('takes an array for one query where queries are the identifiers', async () => {
    const searches = open({ search: { ttl: '1h', identifier: 'query' } }).type('search');
    for (const query of ['a', 'b', ['a', 'b']]) await searches.set(query, 'results');
    await searches.invalidate(['a', 'b']);
    expect([await searches.get('a'), await searches.get(['a', 'b'])]).toEqual(['results', undefined]);
    await searches.invalidateMany(['a', 'b']);
    expect([await searches.get('a'), await searches.get('b')]).toEqual([undefined, undefined]);
  });

  it('by clear drops everything even if the memory cannot be freed', async () => {
    const store = memoryStore();
    const cache = open({ lead: { ttl: '1h' } }, { store });
    await cache.type('lead').set(1, 'Ada');
    vi.spyOn(store, 'sweep').mockRejectedValue(new StoreUnavailableError('gone'));
    expect(await cache.clear()).toEqual({ applied: true, removed: 0 });
    expect(await cache.type('lead').get(1)).toBeUndefined();
  });

  it('keeps to the namespace of its cache', async () => {
    const store = memoryStore();
    const shop = open({ lead: { ttl: '1h' } }, { store, namespace: 'shop' });
    const crm = open({ lead: { ttl: '1h' } }, { store, namespace: 'crm' });
    await shop.type('lead').set(1, 'shop', { tags: ['acme'] });
    await crm.type('lead').set(1, 'crm', { tags: ['acme'] });
    await shop.invalidateTags(['acme']);
    await shop.type('lead').invalidateAll();
    await shop.invalidatePattern('lead:*');
    await shop.clear();
    expect(await crm.type('lead').get(1)).toBe('crm');
  });
});

describe('claim', () => {
  it('gives the right to fill to one, and the value to all others', async () => {
    const leads = leadCache().type('lead');
    const claim = await leads.claim(1);
    expect(claim.hit).toBe(false);
    const others = [leads.claim(1), leads.getOrSet(1, () => Promise.reject(new Error('must not load')))] as const;
    await settle();
    expect(claim.hit || (await claim.fill('Ada'))).toBe('Ada');
    expect(await others[0]).toEqual({ hit: true, value: 'Ada' });
    expect(await others[1]).toBe('Ada');
  });

  it('passes the right on when it is released', async () => {
    const leads = leadCache().type('lead');
    const claim = await leads.claim(1);
    const next = leads.getOrSet(1, () => 'Bob');
    await settle();
    if (!claim.hit) await claim.release();
    expect(await next).toBe('Bob');
    if (!claim.hit) expect(await claim.fill('late')).toBe('late');
    expect(await leads.get(1)).toBe('Bob');
  });

  it('that is forgotten holds others up for the wait of its type, no longer', async () => {
    const clock = new FakeClock();
    const leads = open({ lead: { ttl: '1h', lease: '10s' } }, { clock }).type('lead');
    await leads.claim(1);
    const other = leads.getOrSet(1, () => 'Bob');
    await clock.advance(4_900);
    expect(await Promise.race([other, settle()])).toBeUndefined();
    await clock.advance(200);
    expect(await other).toBe('Bob');
  });

  it('that is forgotten has one successor when its lease ends, before others give up', async () => {
    const clock = new FakeClock();
    const leads = leadCache({ clock }).type('lead');
    await leads.claim(1);
    const load = vi.fn(() => 'Bob');
    const others = Promise.all([leads.getOrSet(1, load), leads.getOrSet(1, load)]);
    await clock.advance(4_300); // the lease is 4 s, then comes a step of the poll
    expect(await others).toEqual(['Bob', 'Bob']);
    expect(load).toHaveBeenCalledTimes(1);
    expect(await leads.get(1)).toBe('Bob');
  });

  it('stores nothing if its key, type or tag was invalidated meanwhile', async () => {
    const cache = leadCache();
    const leads = cache.type('lead');
    for (const invalidate of [
      () => leads.invalidate(1),
      () => leads.invalidateAll(),
      () => cache.invalidateTags(['late']),
    ]) {
      const claim = await leads.claim(1);
      await invalidate();
      if (!claim.hit) expect(await claim.fill('old', { tags: ['late'] })).toBe('old');
      expect(await leads.get(1)).toBeUndefined();
    }
  });
});

describe('waiting for a load of another cache on the same store', () => {
  const pair = () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    return { clock, first: leadCache({ clock, store }).type('lead'), second: leadCache({ clock, store }).type('lead') };
  };

  it('ends with its value', async () => {
    const { clock, first, second } = pair();
    const { load, finish } = heldLoader<string>();
    const value = first.getOrSet(1, load);
    await settle();
    const mine = vi.fn(async () => 'mine');
    const other = second.getOrSet(1, mine);
    await clock.advance(1_000);
    finish('Ada');
    await clock.advance(200);
    expect([await value, await other]).toEqual(['Ada', 'Ada']);
    expect(mine).not.toHaveBeenCalled();
  });

  it('ends after the wait of the type: then it loads for itself and stores nothing', async () => {
    const { clock, first, second } = pair();
    const { load, finish } = heldLoader<string>();
    const value = first.getOrSet(1, load);
    await settle();
    const other = second.getOrSet(1, async () => 'mine');
    await clock.advance(5_001);
    expect(await other).toBe('mine');
    expect(await second.get(1)).toBeUndefined();
    finish('Ada');
    await value;
    expect(await second.get(1)).toBe('Ada');
  });
});

describe('a store that does not answer', () => {
  it('costs loads, never errors; is said once; and is asked again', async () => {
    const store = memoryStore();
    const warn = vi.fn();
    const info = vi.fn();
    const logger = { debug() {}, info, warn, error() {}, isLevelEnabled: () => false };
    const leads = leadCache({ store, logger }).type('lead');
    const read = vi.spyOn(store, 'read').mockRejectedValue(new StoreUnavailableError('gone'));
    const lease = vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('gone'));
    const { load, finish } = heldLoader<string>();
    const callers = [leads.getOrSet(1, load), leads.getOrSet(1, load)];
    await settle();
    finish('Ada');
    expect(await Promise.all(callers)).toEqual(['Ada', 'Ada']);
    expect(load).toHaveBeenCalledTimes(1);
    expect([await leads.get(1), await leads.set(1, 'x'), await leads.exists(1), await leads.getTtl(1)]).toEqual([
      undefined,
      false,
      false,
      -2,
    ]);
    expect(warn).toHaveBeenCalledTimes(1);
    read.mockRestore();
    lease.mockRestore();
    expect(await leads.getOrSet(1, () => 'Bob')).toBe('Bob');
    expect(await leads.get(1)).toBe('Bob');
    expect(info).toHaveBeenCalledTimes(1);
  });

  it.each(['lease', 'fill', 'release', 'renew'] as const)(
    'by its %s leaves values and errors to the callers',
    async (method) => {
      const store = memoryStore();
      vi.spyOn(store, method).mockRejectedValue(new StoreUnavailableError('gone'));
      const leads = leadCache({ store }).type('lead');
      const { load, finish } = heldLoader<string>();
      const callers = [leads.getOrSet(1, load), leads.getOrSet(1, load)];
      await settle();
      finish('Ada');
      expect(await Promise.all(callers)).toEqual(['Ada', 'Ada']);
      expect(load).toHaveBeenCalledTimes(1);
      await expect(leads.getOrSet(2, () => Promise.reject(new Error('own error')))).rejects.toThrow('own error');
    },
  );

  it('for leases but for reads lets readers that come during a load share the next one: nothing could prove that value (P1)', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('OOM'));
    const leads = leadCache({ store }).type('lead');
    const old = heldLoader<string>();
    const before = leads.getOrSet(1, old.load);
    await settle();
    await store.invalidate([]); // another process may have invalidated here
    const next = vi.fn(() => 'new');
    const during = [leads.getOrSet(1, next), leads.getOrSet(1, next), leads.getOrSet(1, next)];
    await settle();
    expect(next).not.toHaveBeenCalled();
    old.finish('old');
    expect(await before).toBe('old');
    expect(await Promise.all(during)).toEqual(['new', 'new', 'new']);
    expect(next).toHaveBeenCalledTimes(1);
  });

  it('by its fill sends a reader that came during the load to the source: who knows what was invalidated (P1)', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'fill').mockRejectedValue(new StoreUnavailableError('gone'));
    const leads = leadCache({ store }).type('lead');
    const old = heldLoader<string>();
    const before = leads.getOrSet(1, old.load);
    await settle();
    const during = leads.getOrSet(1, () => 'new');
    await settle();
    old.finish('old');
    expect(await before).toBe('old');
    expect(await during).toBe('new');
  });

  it('makes an invalidation say that it was not applied', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'invalidate').mockRejectedValue(new StoreUnavailableError('gone'));
    vi.spyOn(store, 'sweep').mockRejectedValue(new StoreUnavailableError('gone'));
    const cache = leadCache({ store });
    expect(await cache.type('lead').invalidate(1)).toEqual({ applied: false, removed: 0 });
    await expect(cache.invalidatePattern('lead:*')).rejects.toThrow('Repeat it');
  });
});

describe('close', () => {
  it('waits for fills that are under way; afterwards everything is loaded', async () => {
    const store = memoryStore();
    let letGo = () => {};
    const { fill } = store;
    const stored = vi.fn();
    vi.spyOn(store, 'fill').mockImplementation(async (lease, entry) => {
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const verdict = await fill.call(store, lease, entry);
      stored(verdict);
      return verdict;
    });
    const cache = leadCache({ store });
    expect(await cache.type('lead').getOrSet(1, () => 'Ada')).toBe('Ada');
    const closing = cache.close();
    await settle();
    expect(store.status()).toEqual({ state: 'ready' });
    letGo();
    await closing;
    await cache.close();
    expect(stored).toHaveBeenCalledWith('stored');
    expect(await cache.type('lead').getOrSet(1, () => 'Bob')).toBe('Bob');
  });

  it('ready() waits for the store', async () => {
    const store = memoryStore();
    let listener: (status: { state: 'ready' }) => void = () => {};
    vi.spyOn(store, 'status').mockReturnValue({ state: 'connecting' });
    vi.spyOn(store, 'onStatus').mockImplementation((given) => {
      listener = given;
      return () => {};
    });
    const ready = vi.fn();
    const waiting = leadCache({ store }).ready().then(ready);
    await settle();
    expect(ready).not.toHaveBeenCalled();
    vi.spyOn(store, 'status').mockReturnValue({ state: 'ready' });
    listener({ state: 'ready' });
    await waiting;
    await leadCache().ready();
    const closed = leadCache();
    await closed.close();
    await expect(closed.ready()).rejects.toThrow('closed');
  });
});
