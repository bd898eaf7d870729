// The same text in test/standard and test/legacy: each folder compiles it for its own protocol.
import type { createSetup, Lead, Query } from '../setup.ts';

export let protocolOfProbe = 'none';

/** Says which protocol the compiler speaks. */
function probe(_target: unknown, second: unknown, _third?: unknown): void {
  protocolOfProbe = typeof second === 'object' && second !== null && 'kind' in second ? 'standard' : 'legacy';
}

/** The classes of one test. */
export function declareServices({ decorators, managed, held, source }: ReturnType<typeof createSetup>) {
  const { cacheResult, invalidateCacheOnUpdate } = decorators;
  const { cacheSearchResults, cacheLeadData, invalidateLeadCache, invalidateSearchCache } = managed;

  class Reports {
    readonly tenant: string;
    constructor(tenant = 'acme') {
      this.tenant = tenant;
    }
    @probe
    @cacheResult('report')
    async monthly(month: string, _page?: number): Promise<string> {
      return source(`${this.tenant} ${month}`);
    }
    @cacheResult('report', function (this: Reports, month) {
      return `${this.tenant}.${month}`;
    })
    async keyed(month: string): Promise<string> {
      return source(`${this.tenant} ${month}`);
    }
    @cacheResult('report')
    static async total(month: string): Promise<string> {
      return source(`total ${month}`);
    }
    @cacheResult('report', { args: (month) => [month] })
    async aborted(month: string, _signal: AbortSignal): Promise<string> {
      return source(month);
    }
    @cacheResult('report')
    async plain(options: unknown): Promise<string> {
      return source(String(options));
    }
    @cacheResult('report', (month) => month, {
      ttl: (result, month) => (result === month ? '1m' : '5m'),
      tags: (month) => [`month:${month}`],
      resultTags: (result, month) => [`result:${result}`, `both:${month}`],
      condition: (month) => month !== 'now',
      unless: (result) => result === 'empty',
    })
    async everything(month: string): Promise<string> {
      return source(month);
    }
    @invalidateCacheOnUpdate('report', (month) => `${month}`)
    @invalidateCacheOnUpdate('lead')
    async save(month: string): Promise<string> {
      return source(month);
    }
    @invalidateCacheOnUpdate('report', (month) => month, { when: 'before' })
    async saveAfterDrop(month: string): Promise<string> {
      return source(month);
    }
    @invalidateCacheOnUpdate('report', {
      tags: (month) => [`month:${month}`],
      resultTags: (result) => [`result:${result}`],
      condition: (month) => month !== 'draft',
      unless: (result) => result === 'unchanged',
    })
    async saveAll(month: string): Promise<string> {
      return source(month);
    }
    @invalidateCacheOnUpdate('report', {
      resultTags: () => {
        throw new Error('resultTags failed');
      },
      unless: () => {
        throw new Error('unless failed');
      },
    })
    async saveWithBadOptions(month: string): Promise<string> {
      return source(month);
    }
    @invalidateCacheOnUpdate('report', (month) => month)
    @cacheResult('lead', (month) => month)
    async both(month: string): Promise<string> {
      return source(month);
    }
  }

  class WeeklyReports extends Reports {
    @cacheResult('report')
    override async monthly(month: string): Promise<string> {
      return `weeks of ${await super.monthly(month)}`;
    }
  }

  class Leads {
    @cacheLeadData({ ttl: '10m' })
    async find(by: number | { leadId?: number; id?: number } | boolean): Promise<Lead> {
      return { id: Number(by), name: await source('lead') };
    }
    @cacheSearchResults({ ttl: '5m' })
    async search(query: Query, _page = 1): Promise<Lead[]> {
      return [{ id: 7, name: await source(query.q) }];
    }
    @cacheSearchResults()
    async suggest(query: Query): Promise<string[]> {
      return [await source(query.q)];
    }
    @managed.invalidateCacheOnUpdate('lead', (lead) => lead.id)
    async save(lead: Lead): Promise<string> {
      return source(lead.name);
    }
    @invalidateLeadCache
    async rename(id: number, _name: string): Promise<string> {
      return source(String(id));
    }
    @invalidateLeadCache({ allSearches: true })
    async move(lead: { leadId: number }): Promise<string> {
      return source(String(lead.leadId));
    }
    @invalidateSearchCache
    async reindex(): Promise<string> {
      return source('index');
    }
    @invalidateSearchCache()
    async reindexAll(): Promise<string> {
      return source('index');
    }
  }

  class Held {
    readonly cache: ReturnType<typeof createSetup>['cache'];
    constructor(cache: ReturnType<typeof createSetup>['cache']) {
      this.cache = cache;
    }
    @held.cacheResult('report', (month) => month)
    async monthly(month: string): Promise<string> {
      return source(month);
    }
  }

  return { Reports, WeeklyReports, Leads, Held };
}

/** A second class named `Reports`. */
export function declareOtherReports({ decorators, source }: ReturnType<typeof createSetup>, name?: string) {
  class Reports {
    @decorators.cacheResult('report', { name })
    async monthly(month: string): Promise<string> {
      return source(`other ${month}`);
    }
  }
  return Reports;
}

/** A class whose name looks minified. */
export function declareMinified({ decorators, source }: ReturnType<typeof createSetup>) {
  const { cacheResult } = decorators;
  class a {
    @cacheResult('report')
    async load(month: string): Promise<string> {
      return source(month);
    }
    @cacheResult('report')
    async loadMore(month: string): Promise<string> {
      return source(month);
    }
  }
  return a;
}

/** @throws CacheConfigError */
export function declareGetter({ decorators }: ReturnType<typeof createSetup>) {
  const anyMember = decorators.cacheResult('report') as unknown as (target: unknown, second: unknown) => void;
  class Reports {
    @anyMember
    get latest(): Promise<string> {
      return Promise.resolve('June');
    }
  }
  return Reports;
}
