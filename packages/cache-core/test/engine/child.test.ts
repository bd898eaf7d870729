import { describe, expect, it, vi } from 'vitest';
import { Cache, CacheConfigError, createCache, memoryStore, StoreUnavailableError } from '../../src/index.ts';

const types = { lead: { ttl: '1h' } } as const;

describe('a child', () => {
  it('has keys and tags of its own', async () => {
    const shop = createCache({ types, namespace: 'shop', logger: false });
    const eu = shop.child('eu');
    expect(eu.type('lead').keyOf(1)).toBe('shop/eu/lead:1');
    expect(createCache({ types, logger: false }).child('eu').type('lead').keyOf(1)).toBe('eu/lead:1');
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

  it('has the copies of its parent, and one channel with it, whichever children there are', async () => {
    const store = memoryStore();
    const announcements = vi.spyOn(store, 'announcements');
    const shop = createCache({ types, namespace: 'shop', store, local: true, logger: false });
    await shop.type('lead').set(1, 'Ada');
    const children = Array.from({ length: 20 }, (_, index) => shop.child(`t${index}`).child('eu'));
    for (const child of children) {
      await child.type('lead').set(1, 'Bob', { tags: ['acme'] });
      for (let read = 0; read < 3; read++) expect(await child.type('lead').get(1)).toBe('Bob');
      expect(child.stats().lead.localHits).toBeGreaterThan(0);
    }
    expect(announcements.mock.calls.length, 'of the cache, and once more for its first child').toBeLessThanOrEqual(2);

    const other = createCache({ types, namespace: 'shop/t7/eu', store, logger: false });
    await other.type('lead').invalidate(1);
    expect(await children[7]?.type('lead').get(1)).toBeUndefined();
    await createCache({ types, namespace: 'shop/t8/eu', store, logger: false }).invalidateTags(['acme']);
    expect(await children[8]?.type('lead').get(1)).toBeUndefined();

    await children[0]?.close();
    const before = children[1]?.stats().lead.localHits ?? 0;
    await children[1]?.type('lead').get(1);
    expect(children[1]?.stats().lead.localHits).toBe(before + 1);
    await shop.close();
  });

  it('of a cache without a namespace has copies of its own', async () => {
    const shop = createCache({ types, local: true, logger: false });
    const eu = shop.child('eu');
    await eu.type('lead').set(1, 'Bob');
    for (let read = 0; read < 3; read++) expect(await eu.type('lead').get(1)).toBe('Bob');
    expect(eu.stats().lead.localHits).toBeGreaterThan(0);
    await eu.close();
    await shop.close();
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
      known = () => [...this.engine.typeNames];
    }
    const shop = new Inspected({ types, namespace: 'shop', logger: false });
    for (let request = 0; request < 3; request++) shop.child('eu');
    expect(shop.known()).toEqual(['lead']);
  });

  it('needs a name that may stand in a key', () => {
    const shop = createCache({ types, logger: false });
    expect(() => shop.child('a:b')).toThrow(CacheConfigError);
    expect(() => shop.child('')).toThrow(CacheConfigError);
    for (const name of ['eu/west', '*', 'a{b}', 'tag', 'x'.repeat(65)])
      expect(() => shop.child(name), name).toThrow(CacheConfigError);
    let deep = createCache({ types, namespace: 'x'.repeat(60), logger: false }).child('7e0c');
    for (let level = 0; level < 2; level++) deep = deep.child('y'.repeat(60));
    expect(() => deep.child('z'.repeat(60))).toThrow('at most 200 characters');
  });
});
