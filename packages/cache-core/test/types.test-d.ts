import { describe, expectTypeOf, it } from 'vitest';
import { type CachedSearch, cacheType, createCache, createCacheManager, type Duration } from '../src/index.ts';

interface Lead {
  readonly id: number;
  readonly name: string;
}

const cache = createCache({
  types: { lead: cacheType<Lead>({ ttl: '2h' }), report: { ttl: '30m' }, search: { ttl: 60, identifier: 'query' } },
});

describe('types', () => {
  it('of values come from cacheType, else from the loader', async () => {
    expectTypeOf(await cache.type('lead').get(1)).toEqualTypeOf<Lead | undefined>();
    expectTypeOf(await cache.type('report').get(1)).toEqualTypeOf<unknown>();
    expectTypeOf(await cache.type('report').getOrSet(1, () => ({ total: 7 }))).toEqualTypeOf<{ total: number }>();
    // @ts-expect-error a loader of leads must return a lead
    await cache.type('lead').getOrSet(1, () => ({ id: 1 }));
    // @ts-expect-error a text is no lead
    await cache.type('lead').set(1, 'Ada');
  });

  it('of a claim are the value or the right to fill it', async () => {
    const claim = await cache.type('lead').claim(1);
    if (claim.hit) expectTypeOf(claim.value).toEqualTypeOf<Lead>();
    else expectTypeOf(await claim.fill({ id: 1, name: 'Ada' })).toEqualTypeOf<{ id: number; name: string }>();
    // @ts-expect-error there is no value until hit was looked at
    claim.value;
  });

  it('of identifiers are texts and numbers, or anything for query types', () => {
    expectTypeOf(cache.type('lead').get).parameter(0).toEqualTypeOf<string | number | bigint>();
    expectTypeOf(cache.type('search').get).parameter(0).toEqualTypeOf<unknown>();
    // @ts-expect-error an object identifies nothing in a text type
    void cache.type('lead').get({ id: 1 });
  });

  it('know the declared names only', () => {
    // @ts-expect-error there is no such type
    cache.type('leads');
  });

  it('of durations refuse what is none', () => {
    expectTypeOf<'5m'>().toExtend<Duration>();
    // @ts-expect-error no unit
    const bad: Duration = 'soon';
    return bad;
  });

  it('of the manager have the built-in types and your own', async () => {
    const manager = createCacheManager({ types: { report: cacheType<Lead>({ ttl: '1h' }) } });
    expectTypeOf(await manager.type('report').get(1)).toEqualTypeOf<Lead | undefined>();
    expectTypeOf(await manager.getCachedSearchResults<Lead[]>('q')).toEqualTypeOf<CachedSearch<Lead[]> | undefined>();
    expectTypeOf(manager.get)
      .parameter(0)
      .toEqualTypeOf<'search' | 'lead' | 'user_prefs' | 'analytics' | 'suggestions' | 'report'>();
    // @ts-expect-error there is no such type
    await manager.get('reports', 1);
  });
});
