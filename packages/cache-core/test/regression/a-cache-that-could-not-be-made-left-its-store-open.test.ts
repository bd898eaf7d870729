import { describe, expect, it, vi } from 'vitest';
import { type CacheConfigError, createCache, createCacheManager, memoryStore } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const types = { lead: { ttl: '1h' } } as const;
const bad = { lead: { ttl: 'soon' } } as never;

describe('a cache that cannot be made closes the store that it was given', () => {
  it.each([
    ['createCache', (store: ReturnType<typeof memoryStore>) => createCache({ types: bad, store, logger: false })],
    ['createCacheManager', (store) => createCacheManager({ types: bad, store, logger: false, env: {} })],
    [
      'createCacheManager, for the environment',
      (store) => createCacheManager({ store, logger: false, env: { LEAD_CACHE_TTL: 'soon' } }),
    ],
    [
      'createCacheManager, for an option of its own',
      (store) => createCacheManager({ store, logger: false, env: {}, popularSearches: { capacity: 0 } }),
    ],
  ] as [string, (store: ReturnType<typeof memoryStore>) => unknown][])('%s', async (_name, create) => {
    const store = memoryStore();
    expect(() => create(store)).toThrow('The cache cannot work with this');
    await settle();
    expect(store.status()).toEqual({ state: 'down', reason: 'closed' });
  });

  it('and says what is wrong with the options, whatever closing does', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'close').mockRejectedValue(new Error('frozen'));
    expect(() => createCache({ types: bad, store, logger: false })).toThrow('types.lead.ttl');
    expect(() => createCache(undefined as never)).toThrow('the options must be an object');
    await settle(); // an unhandled rejection would fail this run
  });

  it('but a child that cannot be made leaves that of its parent', async () => {
    const store = memoryStore();
    const cache = createCache({ types, store, logger: false });
    expect(() => cache.child('a:b')).toThrow();
    await settle();
    expect(store.status()).toEqual({ state: 'ready' });
  });
});

describe('ready()', () => {
  const silent = () => {
    const store = memoryStore();
    vi.spyOn(store, 'status').mockReturnValue({ state: 'connecting' });
    return store;
  };

  it('resolves to false after 5 s without a store, or after its timeout', async () => {
    const clock = new FakeClock();
    const cache = createCache({ types, store: silent(), clock, logger: false });
    const answers: unknown[] = [];
    void cache.ready().then((isReady) => answers.push(['default', isReady]));
    void cache.ready({ timeout: '1s' }).then((isReady) => answers.push(['1s', isReady]));
    expect(await cache.ready({ timeout: 0 })).toBe(false);
    await clock.advance(1_000);
    expect(answers).toEqual([['1s', false]]);
    await clock.advance(4_000);
    expect(answers).toEqual([
      ['1s', false],
      ['default', false],
    ]);
  });

  it('resolves to true at once where there is one, and leaves no timer', async () => {
    const clock = new FakeClock();
    const cache = createCache({ types, clock, logger: false });
    expect(await cache.ready()).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([{ timeout: 'soon' }, { timeout: '2h' }, { timeout: -1 }, { within: '1s' }, null])(
    'refuses %o',
    async (options) => {
      const error = await createCache({ types, logger: false })
        .ready(options as never)
        .catch((reason: CacheConfigError) => reason);
      expect(error).toMatchObject({ code: 'HUNTLY_CONFIG' });
    },
  );
});

describe('createCacheManager of this package', () => {
  const lines = () => {
    const logger = { debug() {}, info: vi.fn(), warn: vi.fn(), error() {} };
    return { logger, said: () => logger.warn.mock.calls.map(([, message]: unknown[]) => String(message)).join() };
  };

  it('warns of a REDIS_URL that it does not read, and names the import that does', () => {
    const { logger, said } = lines();
    createCacheManager({ logger, env: { REDIS_URL: 'redis://user:hunter2@127.0.0.1' } });
    expect(said()).toMatch(/REDIS_URL .*@huntly\/cache-redis/);
    expect(said()).not.toContain('hunter2');
  });

  it('does not, where there is a store or no REDIS_URL', () => {
    const { logger, said } = lines();
    createCacheManager({ logger, env: { REDIS_URL: ' ' } });
    createCacheManager({ logger, env: { REDIS_URL: 'redis://127.0.0.1' }, store: memoryStore() });
    expect(said()).toBe('');
  });
});
