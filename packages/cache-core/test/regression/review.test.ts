import { describe, expect, it, vi } from 'vitest';
import { createCache, memoryStore, type Store } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const types = { lead: { ttl: '1h', wait: '1s' } } as const;
const open = (store: Store, clock: FakeClock) => createCache({ types, store, clock, logger: false, random: () => 0 });

describe('what went wrong once', () => {
  it('forgotten claims without a lease kept their places in the bulkhead', async () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    const other = open(store, clock);
    const leads = open(store, clock).type('lead');
    const ids = Array.from({ length: 33 }, (_, id) => id);
    for (const id of ids) void other.type('lead').getOrSet(id, () => new Promise<never>(() => {})); // holds the lease
    await settle();
    const claims = ids.slice(0, 32).map((id) => leads.claim(id));
    await clock.advance(1_000);
    await Promise.all(claims);
    await clock.advance(1_000); // they lapse
    const loaded = leads.getOrSet(32, () => 'loaded');
    await clock.advance(2_000);
    expect(await loaded).toBe('loaded');
  });

  it('close() waited for ever for a refresh whose loader never returned', async () => {
    const clock = new FakeClock();
    const cache = createCache({ types: { lead: { ttl: '10s', grace: '1h' } }, clock, logger: false, random: () => 0 });
    const leads = cache.type('lead');
    await leads.set(1, 'old');
    await clock.advance(11_000);
    expect(await leads.getOrSet(1, () => new Promise<string>(() => {}))).toBe('old');
    const closed = cache.close();
    await clock.advance(5_000);
    expect(await closed).toBeUndefined();
  });

  it('ready() waited for ever on a cache that was closed meanwhile', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'status').mockReturnValue({ state: 'connecting' });
    const cache = createCache({ types, store, logger: false });
    const ready = cache.ready();
    await cache.close();
    await expect(ready).rejects.toThrow('closed');
  });

  it('clear() said that values of other programs were gone when they could not be removed', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'sweep').mockRejectedValue(new Error('moving'));
    const foreign = createCache({ types: { lead: { ttl: '1h', foreign: true } }, store, logger: false });
    expect(await foreign.clear()).toEqual({ applied: false, removed: 0 });
    expect(await createCache({ types, store, logger: false }).clear()).toEqual({ applied: true, removed: 0 });
  });

  it('a storeBudget longer than any timer counted as none', () => {
    expect(() => createCache({ types, storeBudget: '30d', logger: false })).toThrow('storeBudget must be at most');
  });
});
