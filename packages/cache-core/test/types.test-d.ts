import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import {
  type CachedSearch,
  type CacheEventMap,
  type Codec,
  cacheType,
  createCache,
  createCacheManager,
  type Duration,
  type LoadEvent,
} from '../src/index.ts';

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

  it('of values come from the output of a schema of any library', async () => {
    const shaped = createCache({
      types: {
        zod: { ttl: 1, schema: z.object({ at: z.coerce.date() }) },
        valibot: { ttl: 1, schema: v.object({ at: v.pipe(v.string(), v.toDate()) }), validate: 'read' },
        arktype: { ttl: 1, schema: type({ at: 'Date' }), identifier: 'query' },
        maybe: { ttl: 1, schema: z.object({ id: z.number() }).nullable(), negativeTtl: '10s' },
      },
    });
    expectTypeOf(await shaped.type('zod').get(1)).toEqualTypeOf<{ at: Date } | undefined>();
    expectTypeOf(await shaped.type('valibot').get(1)).toEqualTypeOf<{ at: Date } | undefined>();
    expectTypeOf(await shaped.type('arktype').get({ q: 1 })).toEqualTypeOf<{ at: Date } | undefined>();
    expectTypeOf(await shaped.type('maybe').get(1)).toEqualTypeOf<{ id: number } | null | undefined>();
    // @ts-expect-error a loader returns the output of the schema, not its input
    await shaped.type('valibot').getOrSet(1, () => ({ at: '2026-01-01' }));
  });

  it('of values reach the functions of a type with a schema', async () => {
    const schema = z.object({ id: z.number(), company: z.string() });
    const lead = cacheType({
      ttl: 1,
      schema,
      tags: ({ company }) => [company.toUpperCase()],
      condition: ({ id }) => id > 0,
    });
    const shaped = createCache({ types: { lead } });
    expectTypeOf(await shaped.type('lead').get(1)).toEqualTypeOf<{ id: number; company: string } | undefined>();
    // @ts-expect-error the schema is one of another value
    cacheType<Lead>({ ttl: 1, schema });
  });

  it('of values come from what a codec encodes', async () => {
    const dates = { encode: (value: Date) => Buffer.from(value.toISOString()), decode: (bytes: Uint8Array) => bytes };
    const coded = createCache({ types: { day: { ttl: 1, codec: dates } } });
    expectTypeOf(await coded.type('day').get(1)).toEqualTypeOf<Date | undefined>();
    const rich: Codec = { encode: () => Buffer.of(), decode: () => undefined };
    cacheType<Lead>({ ttl: 1, codec: rich });
    // @ts-expect-error a codec of dates encodes no leads
    cacheType<Lead>({ ttl: 1, codec: dates });
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

  it('of a query type whose values are named have any identifier, too', async () => {
    const named = createCache({
      types: {
        named: cacheType<Lead[]>({ ttl: 60, identifier: 'query', tags: (leads) => leads.map(({ name }) => name) }),
        shaped: cacheType({
          ttl: 60,
          identifier: 'query',
          schema: z.array(z.string()),
          condition: ([first]) => !!first,
        }),
        text: cacheType<Lead>({ ttl: 60, identifier: 'private' }),
      },
    });
    expectTypeOf(await named.type('named').get({ q: 'acme' })).toEqualTypeOf<Lead[] | undefined>();
    expectTypeOf(await named.type('shaped').get({ q: 'acme' })).toEqualTypeOf<string[] | undefined>();
    // @ts-expect-error an object identifies nothing in a type without `query`
    void named.type('text').get({ q: 'acme' });
  });

  it('of options follow the value', async () => {
    const leads = cache.type('lead');
    await leads.setMany([
      [1, { id: 1, name: 'Ada' }, { grace: ({ name }) => (name === 'Ada' ? '1h' : 0) }],
      [2, { id: 2, name: 'Bob' }],
    ]);
    await leads.setMany(new Map([[1, { id: 1, name: 'Ada' }]]));
    // @ts-expect-error a window or a share
    cacheType<Lead>({ ttl: 1, refreshAhead: { window: '10s', share: 0.2 } });
    // @ts-expect-error what does not load cannot be forced
    await leads.get(1, { force: true });
    const [settled] = await leads.getOrSetManySettled([1], async () => new Map<number, Lead>());
    if (settled?.status === 'fulfilled') expectTypeOf(settled.value).toEqualTypeOf<Lead>();
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

  it('of events come from their names', () => {
    cache.on('hit', (event) => expectTypeOf(event.tier).toEqualTypeOf<'local' | 'store' | 'stale' | 'degraded'>());
    cache.on('load', (event) => expectTypeOf(event).toEqualTypeOf<LoadEvent>());
    cache.on('loadError', ({ error }) => expectTypeOf(error).toEqualTypeOf<unknown>());
    cache.on('store', (event) => {
      if (event.state === 'not asked') expectTypeOf(event.reason).toEqualTypeOf<string>();
    });
    expectTypeOf(cache.on('miss', () => {})).toEqualTypeOf<() => void>();
    expectTypeOf<CacheEventMap['invalidated']['targets'][number]['kind']>().toEqualTypeOf<'key' | 'tag' | 'pattern'>();
    // @ts-expect-error there is no such event
    cache.on('hits', () => {});
    // @ts-expect-error a miss has no tier
    cache.on('miss', ({ tier }) => tier);
    // @ts-expect-error there is a reason only while the store is not asked
    cache.on('store', ({ reason }) => reason);
    // @ts-expect-error a payload is not to be changed
    cache.on('miss', (event) => (event.key = 'another'));
  });

  it('of statistics have what may be absent', () => {
    const { lead } = cache.stats();
    expectTypeOf(lead.localHits).toEqualTypeOf<number>();
    expectTypeOf(lead.hitRatio).toEqualTypeOf<number | undefined>();
    expectTypeOf(lead.latency?.read?.p99Ms).toEqualTypeOf<number | undefined>();
  });

  it('of what is stored may be a promise of a value', async () => {
    const leads = cache.type('lead');
    const ada: Lead = { id: 1, name: 'Ada' };
    await leads.set(1, Promise.resolve(ada), { tags: ({ name }) => [name] });
    await leads.setMany([[1, ada]]);
    await leads.setMany(new Map([[1, Promise.resolve(ada)]]));
    await cache.type('report').setMany([
      [1, { total: 7 }],
      [2, { rows: [] }],
    ]);
    const claim = await leads.claim(1);
    if (!claim.hit) expectTypeOf(await claim.fill(Promise.resolve(ada))).toEqualTypeOf<Lead>();
    const open = await cache.type('report').claim(1);
    if (!open.hit) expectTypeOf(await open.fill(Promise.resolve([1]))).toEqualTypeOf<number[]>();
    // @ts-expect-error a promise of something else
    await leads.set(1, Promise.resolve('Ada'));
    // @ts-expect-error not a lead
    await leads.set(1, 'Ada');
  });

  it('of the manager have the built-in types and your own', async () => {
    const manager = createCacheManager({
      types: { report: cacheType<Lead>({ ttl: '1h' }), search: { normalizeText: ['keywords'] } },
    });
    expectTypeOf(await manager.type('report').get(1)).toEqualTypeOf<Lead | undefined>();
    expectTypeOf(await manager.getCachedSearchResults<Lead[]>('q')).toEqualTypeOf<CachedSearch<Lead[]> | undefined>();
    expectTypeOf(manager.get)
      .parameter(0)
      .toEqualTypeOf<'search' | 'lead' | 'user_prefs' | 'analytics' | 'suggestions' | 'report'>();
    // @ts-expect-error there is no such type
    await manager.get('reports', 1);
  });

  it('of the verbs of the manager come from the types that are given', async () => {
    const lead = cacheType({ schema: z.object({ id: z.number(), name: z.string() }) });
    const manager = createCacheManager({ types: { lead, search: { ttl: '5m' } } });
    expectTypeOf(await manager.getCachedLeadData(1)).toEqualTypeOf<{ id: number; name: string } | undefined>();
    expectTypeOf(await manager.getCachedLeadData<Lead>(1)).toEqualTypeOf<Lead | undefined>();
    expectTypeOf(await manager.get('lead', 1)).toEqualTypeOf<{ id: number; name: string } | undefined>();
    expectTypeOf(await manager.get<Lead>('lead', 1)).toEqualTypeOf<Lead | undefined>();
    expectTypeOf(await manager.get('search', { q: 'acme' })).toEqualTypeOf<unknown>();
    expectTypeOf(await manager.getCachedAnalytics('daily')).toEqualTypeOf<unknown>();
    await manager.cacheLeadData(1, { id: 1, name: 'Ada' });
    // @ts-expect-error a text is no lead
    await manager.cacheLeadData(1, 'Ada');
    // @ts-expect-error nor by the name of the type
    await manager.set('lead', 1, 'Ada');
    expectTypeOf(manager.type('search').get).parameter(0).toEqualTypeOf<unknown>();
  });
});
