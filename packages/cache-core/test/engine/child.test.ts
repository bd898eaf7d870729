import { describe, expect, it, vi } from 'vitest';
import { Cache, CacheConfigError, createCache, memoryStore, StoreUnavailableError } from '../../src/index.ts';

const types = { lead: { ttl: '1h' } } as const;

describe('a child', () => {
  it('has keys and tags of its own', async () => {
    const shop = createCache({ types, namespace: 'shop', logger: false });
    const eu = shop.child('eu');
    expect(eu.type('lead').keyOf(1)).toBe('shop.eu:lead:1');
    expect(createCache({ types, logger: false }).child('eu').type('lead').keyOf(1)).toBe('eu:lead:1');
    await shop.type('lead').set(1, 'Ada', { tags: ['acme'] });
    await eu.type('lead').set(1, 'Bob', { tags: ['acme'] });
    await shop.invalidateTags(['acme']);
    expect([await shop.type('lead').get(1), await eu.type('lead').get(1)]).toEqual([undefined, 'Bob']);
    await shop.clear();
    expect(await eu.type('lead').get(1)).toBe('Bob');
    await eu.clear();
    expect(await eu.type('lead').get(1)).toBeUndefined();
  });

  it('leaves the store open when it is closed, and counts for itself', async () => {
    const shop = createCache({ types, namespace: 'shop', logger: false });
    const eu = shop.child('eu');
    await eu.type('lead').getOrSet(1, () => 'Bob');
    await eu.close();
    expect(await shop.type('lead').set(1, 'Ada')).toBe(true);
    expect([shop.stats().lead.loads, eu.stats().lead.loads]).toEqual([0, 1]);
    await shop.close();
    expect(
      await shop
        .child('us')
        .type('lead')
        .getOrSet(1, () => 'loaded'),
    ).toBe('loaded');
  });

  it('has the breaker of its parent', async () => {
    const store = memoryStore();
    const shop = createCache({ types, store, logger: false });
    const eu = shop.child('eu');
    vi.spyOn(store, 'invalidate').mockRejectedValue(new StoreUnavailableError('gone'));
    expect(await eu.type('lead').invalidate(1)).toEqual({ applied: false, removed: 0 });
    expect((await shop.healthCheck()).guard?.journal).toBe(1);
    await shop.close();
  });

  it('that is made again adds nothing to what the journal knows', () => {
    class Inspected extends Cache {
      known = () => [...this.engine.everything.keys()];
    }
    const shop = new Inspected({ types, namespace: 'shop', logger: false });
    for (let request = 0; request < 3; request++) shop.child('eu');
    expect(shop.known()).toEqual(['shop:tag:lead', 'shop.eu:tag:lead']);
  });

  it('needs a name that may stand in a key', () => {
    const shop = createCache({ types, logger: false });
    expect(() => shop.child('a:b')).toThrow(CacheConfigError);
    expect(() => shop.child('')).toThrow(CacheConfigError);
    expect(() => createCache({ types, namespace: 'x'.repeat(60), logger: false }).child('eu-west')).toThrow('1–64');
  });
});
