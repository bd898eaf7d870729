import { cacheType, createCache, createCacheManager, type InvalidationResult } from '@huntly/cache-core';
import { describe, expectTypeOf, it } from 'vitest';
import { createDecorators } from '../src/index.ts';

interface Lead {
  readonly id: number;
  readonly name: string;
}
interface Query {
  readonly q: string;
}

const cache = createCache({
  types: {
    lead: cacheType<Lead | null>({ ttl: '2h' }),
    report: { ttl: '30m' },
    question: { ttl: 60, identifier: 'query' },
  },
});
const manager = createCacheManager({ types: { lead: cacheType<Lead>({ ttl: '2h' }) } });
const { cacheResult, invalidateCacheOnUpdate, cached, invalidating, handleOf } = createDecorators(cache);
const {
  cacheResult: managed,
  cacheSearchResults,
  cacheLeadData,
  invalidateLeadCache,
  invalidateSearchCache,
} = createDecorators(manager);
const lead = { id: 1, name: 'Ada' };

describe('a key function and the options of a decorator', () => {
  it('see the arguments and the result of the method below them', () => {
    class Leads {
      @cacheResult(
        'lead',
        (id, team) => {
          expectTypeOf(id).toEqualTypeOf<number>();
          expectTypeOf(team).toEqualTypeOf<string>();
          return id;
        },
        {
          ttl: (result, id) => {
            expectTypeOf(result).toEqualTypeOf<Lead | undefined>();
            expectTypeOf(id).toEqualTypeOf<number>();
            return '5m';
          },
          tags: (_id, team) => [`team:${team.trim()}`],
          resultTags: (result, id) => [`name:${result?.name}`, `id:${id.toFixed()}`],
          condition: (id, team) => id > 0 && team !== '',
          unless: (result) => result?.name === '',
        },
      )
      async find(id: number, team: string): Promise<Lead | undefined> {
        return team === '' ? undefined : { id, name: team };
      }

      @cacheResult('report', { args: (month) => [month.trim()] })
      async report(month: string, _signal: AbortSignal) {
        return { month };
      }

      @invalidateCacheOnUpdate('lead', (lead) => lead.id, { unless: (result, lead) => result === 0 && lead.id > 0 })
      async save(lead: Lead) {
        return lead.id;
      }

      @cacheSearchResults({ key: (query) => query.q, unless: (results) => results.length === 0 })
      async search(query: Query): Promise<Lead[]> {
        return [{ id: 1, name: query.q }];
      }

      @cacheLeadData({ key: (row) => row.number, condition: (row) => row.number > 0 })
      async byRow(row: { number: number }) {
        return { id: row.number, name: 'Ada' };
      }

      @invalidateLeadCache({ key: (row) => row.number, allSearches: true })
      async touch(row: { number: number }) {
        return row;
      }

      @managed('search', (query) => query.q)
      async everything(query: Query): Promise<Lead[]> {
        return [{ id: 1, name: query.q }];
      }

      @invalidateSearchCache
      @invalidateLeadCache
      async remove(id: number) {
        return id > 0;
      }
    }
    return Leads;
  });

  it('see every overload of it', () => {
    class Leads {
      find(id: number): Promise<1>;
      find(query: Query, page: string): Promise<2>;
      @cacheResult(
        'report',
        (first) => {
          expectTypeOf(first).toEqualTypeOf<number | Query>();
          return typeof first === 'number' ? first : first.q;
        },
        { unless: (result) => result === 2 },
      )
      async find(first: number | Query, _page?: string): Promise<1 | 2> {
        return typeof first === 'number' ? 1 : 2;
      }
    }
    const leads = new Leads();
    expectTypeOf(leads.find(1)).toEqualTypeOf<Promise<1>>();
    expectTypeOf(leads.find({ q: '' }, 'x')).toEqualTypeOf<Promise<2>>();
    // @ts-expect-error a query needs its page
    leads.find({ q: '' });
  });

  it('see generic and static methods', () => {
    class Leads {
      @cacheResult('report', (id) => id)
      async as<T extends object>(id: number, shape: (id: number) => T): Promise<T> {
        return shape(id);
      }
      @cacheResult('report', (id) => id.toFixed())
      static async total(id: number) {
        return id;
      }
    }
    expectTypeOf(new Leads().as(1, (id) => ({ id }))).toEqualTypeOf<Promise<{ id: number }>>();
  });
});

describe('compile errors', () => {
  it('say that a method is not asynchronous', () => {
    class Leads {
      // @ts-expect-error the method must return a promise
      @cacheResult('report')
      now() {
        return 1;
      }
      // @ts-expect-error the method must return a promise
      @invalidateCacheOnUpdate('report')
      save() {
        return 1;
      }
      // @ts-expect-error the method must return a promise
      @invalidateSearchCache
      bare() {
        return 1;
      }
      // @ts-expect-error the method must return a promise
      @cacheSearchResults()
      search() {
        return [];
      }
      // @ts-expect-error a getter is no method
      @cacheResult('report')
      get value() {
        return Promise.resolve(1);
      }
    }
    // @ts-expect-error the function must return a promise
    cached((id: number) => id, 'report');
    // @ts-expect-error the function must return a promise
    invalidating((id: number) => id, 'report');
    return Leads;
  });

  it('say that a key function is wrong', () => {
    class Leads {
      // @ts-expect-error the id is a number
      @cacheResult('lead', (id: string) => id)
      async find(_id: number) {
        return lead;
      }
      // @ts-expect-error an object identifies nothing in a text type
      @cacheResult('lead', (id) => ({ id }))
      async other(_id: number) {
        return lead;
      }
      @cacheResult('question', (id) => ({ id }))
      async question(_id: number) {
        return 42;
      }
    }
    return Leads;
  });

  it('say that there is no such type, option or value', () => {
    class Leads {
      // @ts-expect-error there is no type leads
      @cacheResult('leads')
      async find(_id: number) {
        return lead;
      }
      // @ts-expect-error there is no type leads
      @invalidateCacheOnUpdate('leads')
      async save(_id: number) {}
      // @ts-expect-error there is no option tll
      @cacheResult('lead', { tll: 5 })
      async typo(_id: number) {
        return lead;
      }
      // @ts-expect-error no unit
      @cacheResult('lead', { ttl: 'soon' })
      async soon(_id: number) {
        return lead;
      }
      // @ts-expect-error a text is no lead
      @cacheResult('lead')
      async text(_id: number) {
        return 'Ada';
      }
      // @ts-expect-error a number is no lead
      @cacheLeadData()
      async number(id: number) {
        return id;
      }
    }
    return Leads;
  });

  it('say that an object does not hold the cache', () => {
    const { cacheResult } = createDecorators((service: { cache: typeof cache }) => service.cache);
    class Leads {
      readonly cache = cache;
      @cacheResult('lead')
      async find(_id: number) {
        return lead;
      }
    }
    class Others {
      readonly other = 1;
      // @ts-expect-error there is no property cache
      @cacheResult('lead')
      async find(_id: number) {
        return lead;
      }
    }
    return [Leads, Others];
  });
});

describe('wrapped functions', () => {
  function overloaded(id: number): Promise<1>;
  function overloaded(query: Query, page: string): Promise<2>;
  async function overloaded(first: number | Query, _page?: string): Promise<1 | 2> {
    return typeof first === 'number' ? 1 : 2;
  }

  it('keep overloads and generics, and have a handle', async () => {
    const find = cached(overloaded, 'report', (first) => (typeof first === 'number' ? first : first.q));
    expectTypeOf(find(1)).toEqualTypeOf<Promise<1>>();
    expectTypeOf(find({ q: '' }, 'x')).toEqualTypeOf<Promise<2>>();
    expectTypeOf(find.key).parameters.toEqualTypeOf<[id: number] | [query: Query, page: string]>();
    expectTypeOf(find.peek(1)).toEqualTypeOf<Promise<1 | 2 | undefined>>();
    expectTypeOf(find.refresh({ q: '' }, 'x')).toEqualTypeOf<Promise<1 | 2>>();
    expectTypeOf(find.invalidate(1)).toEqualTypeOf<Promise<InvalidationResult>>();
    // @ts-expect-error an id is a number
    find.key('1');

    const generic = cached(
      async <T>(id: number, shape: (id: number) => T) => shape(id),
      'report',
      (id) => id,
    );
    expectTypeOf(generic(1, (id) => `${id}`)).toEqualTypeOf<Promise<string>>();

    const save = invalidating(
      async (lead: Lead) => lead.id,
      'lead',
      (lead) => lead.id,
    );
    expectTypeOf(save(lead)).toEqualTypeOf<Promise<number>>();
    expectTypeOf(save.invalidate(lead)).toEqualTypeOf<Promise<InvalidationResult>>();
  });

  it('need a cache without an object', () => {
    const withObject = createDecorators((service: { cache: typeof cache }) => service.cache);
    // @ts-expect-error a function has no object that holds the cache
    withObject.cached;
    expectTypeOf(createDecorators(() => cache).cached).toBeFunction();
  });
});

describe('handleOf', () => {
  it('knows the asynchronous methods and their arguments', () => {
    class Leads {
      readonly size = 1;
      count() {
        return 1;
      }
      async find(id: number): Promise<Lead> {
        return { id, name: '' };
      }
    }
    const leads = new Leads();
    expectTypeOf(handleOf(leads, 'find').key).parameters.toEqualTypeOf<[id: number]>();
    expectTypeOf(handleOf(leads, 'find').peek(1)).toEqualTypeOf<Promise<Lead | undefined>>();
    // @ts-expect-error it returns no promise
    handleOf(leads, 'count');
    // @ts-expect-error there is no such method
    handleOf(leads, 'finds');
  });
});
