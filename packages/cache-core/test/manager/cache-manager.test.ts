import { describe, expect, it, vi } from 'vitest';
import { CacheConfigError, cacheType, createCacheManager, memoryStore } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const open = () =>
  createCacheManager({ env: {}, logger: false, clock: new FakeClock(Date.UTC(2025, 5, 1)), random: () => 0 });

describe('the verbs for any type', () => {
  it('store, read, and say what they did', async () => {
    const manager = open();
    expect(await manager.set('lead', 42, { name: 'Ada' })).toBe(true);
    expect(await manager.get('lead', 42)).toEqual({ name: 'Ada' });
    expect([await manager.exists('lead', 42), await manager.getTtl('lead', 42)]).toEqual([true, 7200]);
    expect([await manager.delete('lead', 42), await manager.delete('lead', 42)]).toEqual([true, false]);
    expect([await manager.get('lead', 42), await manager.exists('lead', 42), await manager.getTtl('lead', 42)]).toEqual(
      [undefined, false, -2],
    );
    await manager.set('analytics', 'per-day', 7, '10m');
    expect(await manager.getTtl('analytics', 'per-day')).toBe(600);
  });

  it('store searches as the verbs for searches do', async () => {
    const manager = open();
    await manager.set('search', 'acme', [{ id: 1 }]);
    expect(await manager.get('search', 'acme')).toEqual([{ id: 1 }]);
    expect((await manager.getCachedSearchResults('acme'))?.results).toEqual([{ id: 1 }]);
    await manager.invalidateLeadCache(1);
    expect(await manager.get('search', 'acme')).toBeUndefined();
    expect(await manager.set('search', 'nothing', null)).toBe(true);
  });

  it('keep what a built-in type is when one setting of it is changed', async () => {
    const types = { search: { ttl: '5m' } } as const;
    const manager = createCacheManager({ env: {}, logger: false, types, random: () => 0 });
    await manager.cacheSearchResults({ q: 'acme' }, [{ id: 1 }]);
    expect(await manager.getTtl('search', { q: ' ACME' })).toBe(300);
    await manager.invalidateLeadCache(1);
    expect(await manager.getCachedSearchResults({ q: 'acme' })).toBeUndefined();
  });

  it('remove by pattern, and count', async () => {
    const manager = open();
    for (const id of [41, 42, 51]) await manager.cacheLeadData(id, id);
    await manager.cacheSearchResults({ q: 'a' }, []);
    expect(await manager.invalidatePattern('lead:4*')).toBe(2);
    expect(await manager.invalidatePattern('search:*')).toBe(1);
    expect(await manager.getCachedLeadData(51)).toBe(51);
  });

  it('use the keys of the design', async () => {
    const manager = open();
    expect(manager.type('search').keyOf({ q: 'a' })).toMatch(/^search:[0-9a-f]{64}$/);
    expect(manager.type('lead').keyOf(42)).toBe('lead:42');
    expect(manager.type('user_prefs').keyOf('ada@example.com')).toBe('user_prefs:ada@example.com');
    expect(manager.type('analytics').keyOf('per-day')).toBe('analytics:per-day');
    expect(manager.type('suggestions').keyOf('ac')).toBe('suggestions:ac');
  });

  it('hide private identifiers in keys, if told, and behind a secret', () => {
    const types = { user_prefs: { ttl: '1d', identifier: 'private' } } as const;
    const keys = [undefined, 'one', 'two'].map((secret) =>
      createCacheManager({ env: {}, logger: false, types, secret }).type('user_prefs').keyOf('ada@example.com'),
    );
    for (const key of keys) expect(key).toMatch(/^user_prefs:[0-9a-f]{64}$/);
    expect(new Set(keys).size).toBe(3);
    const searches = [undefined, 'one'].map((secret) =>
      createCacheManager({ env: {}, logger: false, secret }).type('search').keyOf('q'),
    );
    expect(new Set(searches).size).toBe(2);
  });
});

describe('searches', () => {
  it('come back with the time at which they were cached, whatever the spelling of the query', async () => {
    const manager = open();
    expect(await manager.getCachedSearchResults({ q: 'acme' })).toBeUndefined();
    expect(await manager.cacheSearchResults({ q: 'Acme ', page: undefined }, [{ id: 1 }], '5m')).toBe(true);
    expect(await manager.getCachedSearchResults({ q: ' acme' })).toEqual({
      results: [{ id: 1 }],
      cachedAt: new Date(Date.UTC(2025, 5, 1)),
    });
    expect(await manager.getTtl('search', { q: 'acme' })).toBe(300);
    await manager.invalidateSearchCache();
    expect(await manager.getCachedSearchResults({ q: 'acme' })).toBeUndefined();
  });

  it('are dropped with any lead that they contain, and with no other', async () => {
    const manager = open();
    await manager.cacheSearchResults('by id', [{ id: 1 }, { id: 42 }]);
    await manager.cacheSearchResults('by leadId', { results: [{ leadId: '42' }], total: 1 });
    await manager.cacheSearchResults('by lead_id', [{ lead_id: 42, id: 7 }]);
    await manager.cacheSearchResults('others', [{ id: 4 }, { id: 421 }, 'text', null]);
    await manager.cacheLeadData(42, 'Ada');
    await manager.invalidateLeadCache(42);
    for (const query of ['by id', 'by leadId', 'by lead_id'])
      expect(await manager.getCachedSearchResults(query)).toBeUndefined();
    expect(await manager.getCachedLeadData(42)).toBeUndefined();
    expect((await manager.getCachedSearchResults('others'))?.results).toHaveLength(4);
    await manager.invalidateLeadCache(42, { allSearches: true });
    expect(await manager.getCachedSearchResults('others')).toBeUndefined();
  });

  it('find their leads as they are told', async () => {
    const leadIdsOf = (results: unknown) => (results as { company: string }[]).map(({ company }) => company);
    const manager = createCacheManager({ env: {}, logger: false, leadIdsOf });
    await manager.cacheSearchResults('q', [{ id: 1, company: 'acme' }]);
    await manager.invalidateLeadCache(1);
    expect(await manager.getCachedSearchResults('q')).toBeDefined();
    await manager.invalidateLeadCache('acme');
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
  });

  it('are loaded once for many who claim them at once', async () => {
    const manager = open();
    const search = vi.fn(async () => [{ id: 42 }]);
    const caller = async () => {
      const claim = await manager.claimSearch<{ id: number }[]>({ q: 'acme' });
      return claim.hit ? claim.value : claim.fill(await search());
    };
    const answers = await Promise.all(Array.from({ length: 200 }, caller));
    expect(search).toHaveBeenCalledTimes(1);
    expect(answers.map(({ results }) => results[0]?.id)).toEqual(Array(200).fill(42));
  });

  it('are loaded once for many who ask with a loader, and their options see the results', async () => {
    const manager = open();
    const search = vi.fn(async () => [{ id: 42 }]);
    const options = { ttl: () => '5m' as const, tags: (results: { id: number }[]) => [`size:${results.length}`] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => manager.getOrSetSearch('q', search, options)));
    expect(search).toHaveBeenCalledTimes(1);
    expect(answers).toEqual(Array(20).fill({ results: [{ id: 42 }], cachedAt: new Date(Date.UTC(2025, 5, 1)) }));
    expect(await manager.getTtl('search', 'q')).toBe(300);
    await manager.invalidateTags(['size:1']);
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
    await manager.getOrSetSearch('q', search);
    await manager.invalidateLeadCache(42);
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
    await manager.getOrSetSearch('q', ({ skip, signal, previous }) => {
      skip();
      return [signal.aborted, previous];
    });
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
  });

  it('are found anew by a forced search or claim, and a grace sees the results', async () => {
    const clock = new FakeClock();
    const manager = createCacheManager({ env: {}, logger: false, clock, random: () => 0 });
    await manager.cacheSearchResults('q', ['old']);
    const grace = (results: readonly string[]) => (results.length === 1 ? '1h' : 0) as '1h' | 0;
    const forced = await manager.getOrSetSearch('q', () => ['new'], { force: true, grace });
    expect(forced.results).toEqual(['new']);
    await settle();
    await clock.advance(3_600_000);
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
    expect((await manager.getCachedSearchResults('q', { stale: true }))?.results).toEqual(['new']);
    expect(await manager.get('search', 'q', { stale: true })).toEqual(['new']);
    const claim = await manager.claimSearch('q', { force: true });
    if (!claim.hit) await claim.fill(['newest']);
    expect((await manager.getCachedSearchResults('q'))?.results).toEqual(['newest']);
    const left = manager.claimSearch('q', { signal: AbortSignal.abort(new Error('gone')) });
    await expect(left).rejects.toThrow('gone');
  });

  it('that were claimed before a lead changed are not stored', async () => {
    const manager = open();
    const claim = await manager.claimSearch('q');
    await manager.invalidateLeadCache(42);
    if (!claim.hit) await claim.fill([{ id: 42 }]);
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
  });

  it('that are too many are given to those who wait, and not cached', async () => {
    const manager = createCacheManager({ env: { MAX_SEARCH_RESULTS: '1' }, logger: false });
    const claim = await manager.claimSearch<number[]>('q');
    if (!claim.hit) expect((await claim.fill([1, 2])).results).toEqual([1, 2]);
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
  });

  it('released go to the next', async () => {
    const manager = open();
    const claim = await manager.claimSearch('q');
    const next = manager.claimSearch('q');
    await settle();
    if (!claim.hit) await claim.release();
    expect((await next).hit).toBe(false);
  });
});

describe('leads, preferences, analytics, suggestions', () => {
  it('are cached, read and invalidated by their verbs', async () => {
    const manager = open();
    await manager.cacheUserPrefs('ada@example.com', { theme: 'dark' });
    await manager.cacheAnalytics('per-day', [1, 2], 60);
    await manager.cacheSuggestions('ac', ['acme']);
    expect(await manager.getCachedUserPrefs('ada@example.com')).toEqual({ theme: 'dark' });
    expect(await manager.getCachedAnalytics('per-day')).toEqual([1, 2]);
    expect(await manager.getCachedSuggestions('ac')).toEqual(['acme']);
    expect(await manager.invalidateUserPrefs('ada@example.com')).toEqual({ applied: true, removed: 1 });
    expect(await manager.invalidateAnalytics('per-day')).toEqual({ applied: true, removed: 1 });
    expect(await manager.invalidateSuggestions('ac')).toEqual({ applied: true, removed: 1 });
    expect(await manager.getCachedUserPrefs('ada@example.com')).toBeUndefined();
  });

  it('all leads can be dropped at once, and with them the searches that show some', async () => {
    const manager = open();
    await manager.cacheSearchResults('q', [{ id: 1 }]);
    for (const id of [1, 2, 3]) await manager.cacheLeadData(id, id);
    expect((await manager.invalidateAllLeadCaches()).applied).toBe(true);
    for (const id of [1, 2, 3]) expect(await manager.getCachedLeadData(id)).toBeUndefined();
    expect(await manager.getCachedSearchResults('q')).toBeUndefined();
  });

  it('an omitted identifier never means the whole type', async () => {
    const manager = open();
    await manager.cacheLeadData(1, 'Ada');
    await expect(manager.invalidateLeadCache(undefined as never)).rejects.toThrow('An identifier must be');
    await expect(manager.delete('lead', undefined)).rejects.toThrow('An identifier must be');
    expect(await manager.getCachedLeadData(1)).toBe('Ada');
  });
});

describe('popular searches', () => {
  it('count what people search for, however they spell it', async () => {
    const manager = open();
    for (const query of ['Acme', ' acme ', 'ACME', 'big  corp', 'Big Corp', 'x', '', '   ', 'y'.repeat(201)])
      await manager.addPopularSearch(query);
    expect(await manager.getPopularSearches(2)).toEqual([
      { query: 'acme', count: 3 },
      { query: 'big corp', count: 2 },
    ]);
    expect(await manager.getPopularSearches()).toHaveLength(3);
  });

  it('wait in the process, and reach the store in the background', async () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    const manager = createCacheManager({ env: {}, logger: false, store, clock });
    const ranking = store.ranking?.('popular_searches', { capacity: 1000 });
    await manager.addPopularSearch('acme');
    expect(await ranking?.top(1)).toEqual([]);
    await clock.advance(1_000);
    expect(await ranking?.top(1)).toEqual([{ member: 'acme', score: 1 }]);
    for (let index = 0; index < 500; index++) await manager.addPopularSearch(`term ${index}`);
    await settle();
    expect((await ranking?.top(1_000))?.length).toBeGreaterThan(10);
    await manager.addPopularSearch('last');
    await manager.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('can be forgotten', async () => {
    const manager = open();
    await manager.addPopularSearch('Acme');
    expect([await manager.removePopularSearch(' ACME '), await manager.removePopularSearch('acme')]).toEqual([
      true,
      false,
    ]);
    expect(await manager.getPopularSearches()).toEqual([]);
  });

  it('fade by their half-life, if told', async () => {
    const clock = new FakeClock();
    const popularSearches = { halfLife: '1d' } as const;
    const manager = createCacheManager({ env: {}, logger: false, clock, popularSearches });
    for (let times = 0; times < 8; times++) await manager.addPopularSearch('last week');
    await clock.advance(3 * 86_400_000);
    for (let times = 0; times < 2; times++) await manager.addPopularSearch('today');
    expect(await manager.getPopularSearches()).toEqual([
      { query: 'today', count: 2 },
      { query: 'last week', count: 1 },
    ]);
    await clock.advance(1000 * 86_400_000);
    await manager.addPopularSearch('years later');
    expect(await manager.getPopularSearches(1)).toEqual([{ query: 'years later', count: 1 }]);
  });

  it('leave out what is rare or personal, if told', async () => {
    const popularSearches = { minimumCount: 2, dropPersonal: true };
    const manager = createCacheManager({ env: {}, logger: false, popularSearches });
    for (const query of [
      'acme',
      'acme',
      'rare',
      'ada@example.com',
      'ada@example.com',
      '+49 (30) 123-4567',
      '+49 (30) 123-4567',
      'top 100',
      'top 100',
    ]) {
      await manager.addPopularSearch(query);
    }
    expect((await manager.getPopularSearches()).map(({ query }) => query)).toEqual(['acme', 'top 100']);
  });

  it.each([{ capacity: 0 }, { minimumCount: 1.5 }, { halfLife: 0 }])('refuse the options %o', (popularSearches) => {
    expect(() => createCacheManager({ env: {}, logger: false, popularSearches })).toThrow(CacheConfigError);
  });

  it('are bounded, and let new ones rise', async () => {
    const manager = open();
    for (let index = 0; index < 5_000; index++) await manager.addPopularSearch(`term ${index}`);
    for (let times = 0; times < 3; times++) await manager.addPopularSearch('late but loved');
    expect((await manager.getPopularSearches(10_000)).length).toBeLessThanOrEqual(1000);
    expect((await manager.getPopularSearches(1))[0]?.query).toBe('late but loved');
  });
});

describe('the whole', () => {
  it('reports its health and statistics', async () => {
    const manager = open();
    await manager.cacheLeadData(1, 'Ada');
    await manager.getCachedLeadData(1);
    await manager.getCachedLeadData(2);
    await manager.addPopularSearch('acme');
    const stats = await manager.getCacheStats();
    expect(stats).toMatchObject({
      popularSearches: [{ query: 'acme', count: 1 }],
      health: { status: 'pass', store: { state: 'ready' }, report: { kind: 'memory', entries: 1 } },
      redisInfo: null,
      types: { lead: { hits: 1, misses: 1, stored: 1 }, search: { hits: 0 } },
    });
    await manager.close();
    expect(await manager.healthCheck()).toMatchObject({ status: 'warn', store: { state: 'down', reason: 'closed' } });
  });

  it('clears everything of its namespace', async () => {
    const store = memoryStore();
    const [mine, others] = ['mine', 'others'].map((namespace) =>
      createCacheManager({ env: {}, logger: false, store, namespace }),
    );
    for (const manager of [mine, others]) {
      await manager?.cacheLeadData(1, 'Ada');
      await manager?.cacheSearchResults('q', []);
      await manager?.addPopularSearch('acme');
    }
    expect(await mine?.clearAllCache()).toEqual({ applied: true, removed: 2 });
    expect([await mine?.getCachedLeadData(1), await mine?.getPopularSearches()]).toEqual([undefined, []]);
    expect([await others?.getCachedLeadData(1), await others?.getPopularSearches()]).toEqual([
      'Ada',
      [{ query: 'acme', count: 1 }],
    ]);
  });

  it('takes types of your own beside the built-in ones', async () => {
    const manager = createCacheManager({
      env: {},
      logger: false,
      types: { report: cacheType<{ total: number }>({ ttl: '1h' }) },
    });
    const report = await manager.type('report').getOrSet('q3', () => ({ total: 7 }));
    expect(report.total).toBe(7);
    expect(await manager.get('report', 'q3')).toEqual({ total: 7 });
  });

  it('says in one line that entries are not shared, unless it was given a store', () => {
    const info = vi.fn();
    const logger = { debug() {}, info, warn() {}, error() {} };
    createCacheManager({ env: {}, logger });
    createCacheManager({ env: {}, logger, store: memoryStore() });
    expect(info).toHaveBeenCalledTimes(1);
  });
});
