import { describe, expect, it, vi } from 'vitest';
import { CacheConfigError, createCacheManager, loadCacheConfig, memoryStore } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const managerIn = (env: NodeJS.ProcessEnv) =>
  createCacheManager({ env, logger: false, clock: new FakeClock(), random: () => 0 });

describe('loadCacheConfig', () => {
  it('has defaults for everything', () => {
    expect(loadCacheConfig({})).toEqual({
      enabled: true,
      logLevel: 'info',
      defaultTtl: 3600,
      searchTtl: 3600,
      leadTtl: 7200,
      userPrefsTtl: 86_400,
      analyticsTtl: 1800,
      maxSearchResults: 1000,
      indexingBatchSize: 100,
    });
  });

  it('reads process.env, and takes an empty variable for an absent one', () => {
    vi.stubEnv('LEAD_CACHE_TTL', '5m');
    vi.stubEnv('SEARCH_CACHE_TTL', '');
    vi.stubEnv('ANALYTICS_TTL', ' ');
    expect(loadCacheConfig()).toMatchObject({ leadTtl: '5m', searchTtl: 3600, analyticsTtl: 1800 });
  });

  it('lists all bad variables at once, each with what it may be', () => {
    const bad = {
      CACHE_ENABLED: 'perhaps',
      CACHE_LOG_LEVEL: 'loud',
      CACHE_DEFAULT_TTL: 'soon',
      SEARCH_CACHE_TTL: '0',
      LEAD_CACHE_TTL: '-1',
      USER_PREFS_TTL: '60000000',
      ANALYTICS_TTL: 'NaN',
      MAX_SEARCH_RESULTS: '0',
      INDEXING_BATCH_SIZE: '1.5',
    };
    const error = (() => {
      try {
        return loadCacheConfig(bad);
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(CacheConfigError);
    const { problems } = error as CacheConfigError;
    expect(problems.map((problem) => problem.split(' ')[0]).sort()).toEqual(Object.keys(bad).sort());
    for (const problem of problems) expect(problem).toMatch(/ must be /);
    expect(problems.join('\n')).toContain('seconds, not milliseconds?');
    expect(problems.join('\n')).toContain('CACHE_LOG_LEVEL must be one of trace, debug');
  });

  it.each(['1', 'true', 'yes', 'on', 'TRUE'])('takes CACHE_ENABLED=%s for true', (text) => {
    expect(loadCacheConfig({ CACHE_ENABLED: text }).enabled).toBe(true);
  });
});

describe('each variable does what it says', () => {
  it.each([
    ['SEARCH_CACHE_TTL', 'search'],
    ['LEAD_CACHE_TTL', 'lead'],
    ['USER_PREFS_TTL', 'user_prefs'],
    ['ANALYTICS_TTL', 'analytics'],
    ['CACHE_DEFAULT_TTL', 'suggestions'],
  ] as const)('%s is the TTL of %s', async (variable, type) => {
    const value = type === 'search' ? { results: [], cachedAt: '' } : 'value';
    const manager = managerIn({ [variable]: '77' });
    await manager.set(type, 'id', value);
    expect(await manager.getTtl(type, 'id')).toBe(77);
    const other = managerIn({ [variable]: '5m' });
    await other.set(type, 'id', value);
    expect(await other.getTtl(type, 'id')).toBe(300);
  });

  it('CACHE_DEFAULT_TTL is the TTL of types of your own that name none', async () => {
    const manager = createCacheManager({
      env: { CACHE_DEFAULT_TTL: '99' },
      types: { report: {} },
      logger: false,
      random: () => 0,
    });
    await manager.set('report', 1, 'text');
    expect(await manager.getTtl('report', 1)).toBe(99);
  });

  it('MAX_SEARCH_RESULTS bounds what is cached', async () => {
    const manager = managerIn({ MAX_SEARCH_RESULTS: '2' });
    expect(await manager.cacheSearchResults('few', [1, 2])).toBe(true);
    expect(await manager.cacheSearchResults('many', [1, 2, 3])).toBe(false);
    expect(await manager.cacheSearchResults('many', { results: [1, 2, 3] })).toBe(false);
  });

  it('INDEXING_BATCH_SIZE is the batch of a sweep', async () => {
    const store = memoryStore();
    const manager = createCacheManager({ env: { INDEXING_BATCH_SIZE: '2' }, store, logger: false });
    for (const id of [1, 2, 3]) await manager.cacheLeadData(id, id);
    const steps: number[] = [];
    await manager.invalidatePattern('lead:*', { onProgress: (removed) => steps.push(removed) });
    expect(steps).toEqual([2, 3]);
  });

  it('CACHE_ENABLED=false makes every read a miss and every load direct', async () => {
    const manager = managerIn({ CACHE_ENABLED: 'false' });
    expect(manager.enabled).toBe(false);
    expect(await manager.cacheLeadData(1, 'Ada')).toBe(false);
    expect(await manager.getCachedLeadData(1)).toBeUndefined();
    const load = vi.fn(async () => 'Ada');
    await Promise.all([manager.type('lead').getOrSet(1, load), manager.type('lead').getOrSet(1, load)]);
    expect(load).toHaveBeenCalledTimes(2);
    const claim = await manager.claimSearch('q');
    expect(claim.hit).toBe(false);
    if (!claim.hit) expect((await claim.fill(['x'])).results).toEqual(['x']);
    await manager.addPopularSearch('acme');
    expect(await manager.getPopularSearches()).toEqual([]);
  });

  it('CACHE_ENABLED=false still lets invalidations through to the store', async () => {
    const store = memoryStore();
    const enabled = createCacheManager({ env: {}, store, logger: false });
    await enabled.cacheLeadData(1, 'old');
    await createCacheManager({ env: { CACHE_ENABLED: 'false' }, store, logger: false }).invalidateLeadCache(1);
    expect(await enabled.getCachedLeadData(1)).toBeUndefined();
  });

  it('CACHE_LOG_LEVEL is the level of the default logger', () => {
    const manager = createCacheManager({ env: { CACHE_LOG_LEVEL: 'error' } });
    expect(manager.logger.isLevelEnabled?.('warn')).toBe(false);
    expect(manager.logger.isLevelEnabled?.('error')).toBe(true);
  });
});
