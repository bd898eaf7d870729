import { describe, expect, it, vi } from 'vitest';
import {
  type CacheTypeOptions,
  createCache,
  createCacheManager,
  hashQuery,
  memoryStore,
  type Store,
  StoreUnavailableError,
} from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const open = (store: Store, clock = new FakeClock(), lead: CacheTypeOptions = { ttl: '1h' }) =>
  createCache({ types: { lead, report: { ttl: '1h' } }, store, clock, logger: false, random: () => 0 });

describe('what went wrong once', () => {
  it('a fill that the store rejected held up the next reader for as long as its lease', async () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    vi.spyOn(store, 'fill').mockRejectedValue(new StoreUnavailableError('OOM'));
    const leads = open(store, clock).type('lead');
    for (const value of ['one', 'two']) {
      expect(await leads.getOrSet(1, () => value)).toBe(value);
      await settle();
    }
    expect(clock.now()).toBe(0);
  });

  it('a store that answered nonsense left a flight behind that nobody could leave', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'lease').mockResolvedValueOnce(undefined as never);
    const leads = open(store).type('lead');
    expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
    expect(await leads.getOrSet(1, () => 'Bob')).toBe('Bob'); // the first one was not stored
  });

  it('an invalidation of another type made a second load of a key that was being loaded', async () => {
    const cache = open(memoryStore());
    let finish = (_value: string) => {};
    const load = vi.fn(() => new Promise<string>((resolve) => (finish = resolve)));
    const callers = [cache.type('report').getOrSet(1, load)];
    await settle();
    await cache.type('lead').invalidateAll();
    await cache.invalidatePattern('lead:*', { dryRun: true });
    callers.push(cache.type('report').getOrSet(1, load));
    await settle();
    finish('Q3');
    expect(await Promise.all(callers)).toEqual(['Q3', 'Q3']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('a server that answered reads and refused leases wrote two log lines a request', async () => {
    const store = memoryStore();
    const lease = vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('OOM'));
    const lines: string[] = [];
    const note = (_fields: object, message: string) => lines.push(message);
    const logger = { debug() {}, info: note, warn: note, error: note, isLevelEnabled: () => false };
    const leads = createCache({ types: { lead: { ttl: '1h' } }, store, logger }).type('lead');
    for (let id = 0; id < 50; id++) await leads.getOrSet(id, () => id);
    expect(lines).toHaveLength(1);
    lease.mockRestore();
    await leads.getOrSet(1, () => 1);
    expect(lines).toEqual([expect.stringContaining('does not answer'), 'the store answers again']);
  });

  it('a log level that is none ended the process when the first line was written', () => {
    const { logger } = createCache({ types: { lead: { ttl: 1 } } });
    expect(() => {
      logger.level = 'verbose';
    }).toThrow('level must be one of');
  });

  it('a search counted just before an era of decay ended stayed on top for all of the next', async () => {
    const clock = new FakeClock(500 * 3_600_000 - 500);
    const manager = createCacheManager({ env: {}, logger: false, clock, popularSearches: { halfLife: '1h' } });
    await manager.addPopularSearch('once');
    await clock.advance(1_100);
    for (let times = 0; times < 10; times++) await manager.addPopularSearch('often');
    expect((await manager.getPopularSearches())[0]).toEqual({ query: 'often', count: 10 });
  });

  it('options of fill were not looked at: misspelt tags made an entry that no tag drops', async () => {
    const claim = await open(memoryStore()).type('lead').claim(1);
    if (claim.hit) throw new Error('a cold key was a hit');
    await expect(claim.fill('Ada', { tgas: ['acme'] } as never)).rejects.toThrow('tgas is no option of a call');
    expect(await claim.fill('Ada')).toBe('Ada');
  });

  it('a condition that was not false, but not true either, let the value in', async () => {
    const leads = open(memoryStore(), new FakeClock(), { ttl: '1h', condition: () => undefined as never }).type('lead');
    expect(await leads.set(1, 'private')).toBe(false);
  });

  it('delete said "there was none" when the store had not been told', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'invalidate').mockRejectedValue(new StoreUnavailableError('gone'));
    const manager = createCacheManager({ env: {}, logger: false, store });
    await expect(manager.delete('lead', 1)).rejects.toThrow('Repeat it');
  });

  it('subclasses and additions to arrays, Maps and Dates were left out of the hash', () => {
    class Filters extends Array<number> {}
    for (const odd of [
      Filters.from([1]),
      Object.assign([1], { mode: 'x' }),
      Object.assign(new Map(), { mode: 'x' }),
      Object.assign(new Date(0), { mode: 'x' }),
    ]) {
      expect(() => hashQuery({ odd })).toThrow('query.odd is or holds a class instance');
    }
  });
});
