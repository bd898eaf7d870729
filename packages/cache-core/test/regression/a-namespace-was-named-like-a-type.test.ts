import { describe, expect, it } from 'vitest';
import { CacheConfigError, createCache, memoryStore } from '../../src/index.ts';

const types = {
  search: { ttl: '1h', identifier: 'query' },
  lead: { ttl: '1h' },
  acme: { ttl: '1h' },
  user: { ttl: '1h', identifier: 'private' },
  member: { ttl: '1h', identifier: 'private' },
} as const;

describe('a namespace that is named like a type of a cache without one', () => {
  it.each(['invalidatePattern', 'clear'] as const)('keeps its values through %s of that cache', async (verb) => {
    const store = memoryStore();
    const plain = createCache({ types, store, logger: false });
    const named = createCache({ types, store, namespace: 'search', logger: false });
    await plain.type('search').set({ q: 'a' }, 'plain');
    await named.type('lead').set(1, 'named');
    expect(await (verb === 'clear' ? plain.clear() : plain.invalidatePattern('search:*'))).toEqual(
      verb === 'clear' ? { applied: true, removed: 1 } : 1,
    );
    expect(await named.type('lead').get(1)).toBe('named');
  });
});

describe('two children of different paths', () => {
  it('share nothing, however their names read', async () => {
    const root = createCache({ types, store: memoryStore(), logger: false });
    const caches = [root.child('acme').child('com'), root.child('acme.com'), root.child('acme')];
    for (const [index, cache] of caches.entries()) await cache.type('lead').set(1, index);
    expect(await Promise.all(caches.map((cache) => cache.type('lead').get(1)))).toEqual([0, 1, 2]);
    await caches[2]?.clear();
    expect(await Promise.all(caches.map((cache) => cache.type('lead').get(1)))).toEqual([0, 1, undefined]);
  });
});

describe('a namespace that could not be told in a key', () => {
  const bad = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'a:b',
    'a{b}',
    '{a}',
    'a*',
    '?',
    '[a]',
    'a\\b',
    'a b',
    'tag',
    'a/lease',
    'é',
    '-a',
  ];
  it.each(bad)('%j is refused, as the name of a child too', (name) => {
    expect(() => createCache({ types, namespace: name, logger: false })).toThrow(CacheConfigError);
    expect(() => createCache({ types, logger: false }).child(name)).toThrow(CacheConfigError);
  });

  it('is not made of a path that is given as one name', () => {
    expect(() => createCache({ types, logger: false }).child('a/b')).toThrow(CacheConfigError);
    const store = memoryStore();
    const [one, other] = [
      createCache({ types, store, logger: false }).child('a'),
      createCache({ types, store, namespace: 'a/b', logger: false }),
    ];
    expect(one.child('b').type('lead').keyOf(1)).toBe(other.type('lead').keyOf(1));
  });
});

describe('an identifier that reads like a key of the store', () => {
  it.each(['tag', 'lease', 'popular_searches', 'tag:lead', 'lease:{lead:1}', '../lead'])(
    '%s is one like others',
    async (id) => {
      const store = memoryStore();
      const plain = createCache({ types, store, logger: false });
      const named = createCache({ types, store, namespace: 'acme', logger: false });
      await plain.type('acme').set(id, 'plain');
      await named.type('lead').set(1, 'named', { tags: [id] });
      await named.invalidateTags([id]);
      expect([await plain.type('acme').get(id), await named.type('lead').get(1)]).toEqual(['plain', undefined]);
    },
  );
});

describe('digests of one person', () => {
  it('differ between types, namespaces and kinds of identifiers', () => {
    const plain = createCache({ types, secret: 'k', logger: false });
    const child = plain.child('acme');
    const email = 'ann@acme.example';
    const keys = [plain.type('user').keyOf(email), plain.type('member').keyOf(email), child.type('user').keyOf(email)];
    keys.push(plain.type('search').keyOf(email), child.type('search').keyOf(email));
    const digests = keys.map((key) => key.slice(key.indexOf(':') + 1));
    for (const digest of digests) expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(digests).size).toBe(digests.length);
  });
});
