import { describe, expect, it } from 'vitest';
import { createCacheManager } from '../../src/index.ts';

const manager = () => createCacheManager({ env: {}, logger: false });

describe('searches of a manager', () => {
  it.each([
    ['tenant', { q: 'pumps', tenant: 'Kx9Aq' }, { q: 'pumps', tenant: 'kX9aQ' }],
    ['cursor', { q: 'pumps', page: { cursor: 'AbC' } }, { q: 'pumps', page: { cursor: 'aBc' } }],
    ['one of several ids', { q: 'pumps', ids: ['Ab', 'Cd'] }, { q: 'pumps', ids: ['ab', 'cd'] }],
    ['id with white space', { id: 'a b' }, { id: 'a  b' }],
    ['id in another Unicode form', { id: 'caf\u00e9' }, { id: 'cafe\u0301' }],
    ['query that is an id', 'Kx9Aq', 'kX9aQ'],
  ])('that differ in the case of a %s share no result', async (_what, one, other) => {
    const cache = manager();
    await cache.cacheSearchResults(one, ['of one']);
    expect(await cache.getCachedSearchResults(other)).toBeUndefined();
    const claim = await cache.claimSearch(other);
    expect(claim.hit).toBe(false);
    expect((await cache.getCachedSearchResults(one))?.results).toEqual(['of one']);
  });

  it.each(['q', 'query', 'text', 'search', 'term'])('share one where only the case of %s differs', async (field) => {
    const cache = manager();
    await cache.cacheSearchResults({ tenant: 'Kx9Aq', [field]: ' Heat  PUMPS ' }, ['found']);
    expect((await cache.getCachedSearchResults({ [field]: 'heat pumps', tenant: 'Kx9Aq' }))?.results).toEqual([
      'found',
    ]);
  });

  it('name the fields in which people type', async () => {
    const cache = createCacheManager({ env: {}, logger: false, types: { search: { normalizeText: ['keywords'] } } });
    await cache.cacheSearchResults({ keywords: 'PUMPS', q: 'Id' }, ['found']);
    expect((await cache.getCachedSearchResults({ keywords: 'pumps', q: 'Id' }))?.results).toEqual(['found']);
    expect(await cache.getCachedSearchResults({ keywords: 'pumps', q: 'id' })).toBeUndefined();
  });

  it('refuse a normalizeText that names nothing', () => {
    const types = { search: { normalizeText: 'q' as never } };
    expect(() => createCacheManager({ env: {}, logger: false, types })).toThrow(
      'types.search.normalizeText must be true, false or names of fields',
    );
  });
});
