import { createCache, createCacheManager, KeyError, type Logger } from '@huntly/cache-core';
import { describe, expect, it, vi } from 'vitest';
import { createDecorators } from '../../src/index.ts';

interface Lead {
  readonly id: number;
  readonly name: string;
}
const quiet = () => ({ debug() {}, info() {}, warn: vi.fn(), error: vi.fn() }) satisfies Logger;

describe('keys that the result tells', () => {
  const types = { lead: { ttl: '1h' } } as const;

  it('are dropped, and nothing else of the type', async () => {
    const cache = createCache({ types, logger: false });
    const { invalidating } = createDecorators(cache);
    const rename = async (name: string): Promise<Lead[]> => [1, 2].map((id) => ({ id, name }));
    const renameAll = invalidating(rename, 'lead', { keys: (leads, name) => (name ? leads.map(({ id }) => id) : []) });
    for (const id of [1, 2, 3]) await cache.type('lead').set(id, 'old');
    expect(await renameAll('new')).toHaveLength(2);
    expect(await cache.type('lead').getMany([1, 2, 3])).toEqual([undefined, undefined, 'old']);
  });

  it('are dropped beside the one that the arguments tell', async () => {
    const cache = createCache({ types, logger: false });
    const { invalidating } = createDecorators(cache);
    const merge = invalidating(
      async (_from: number) => ({ into: 2 }),
      'lead',
      (from) => from,
      {
        keys: ({ into }) => [into],
      },
    );
    for (const id of [1, 2, 3]) await cache.type('lead').set(id, 'old');
    await merge(1);
    expect(await cache.type('lead').getMany([1, 2, 3])).toEqual([undefined, undefined, 'old']);
  });

  it.each([
    ['throws', () => Promise.reject(new Error('async')) as unknown as number[]],
    [
      'throws at once',
      (): number[] => {
        throw new Error('no such column');
      },
    ],
    ['names what is no key', () => [Number.NaN]],
  ])('where the function %s, the whole type goes: what changed is not known', async (_what, keys) => {
    const logger = quiet();
    const cache = createCache({ types, logger });
    const { invalidating } = createDecorators(cache);
    await cache.type('lead').set(1, 'old');
    expect(await invalidating(async () => 'done', 'lead', { keys })()).toBe('done');
    expect(await cache.type('lead').get(1)).toBeUndefined();
    expect(logger.error).toHaveBeenCalledOnce();
  });

  it('are not known before the method runs', () => {
    const { invalidating } = createDecorators(createCache({ types, logger: false }));
    const make = () => invalidating(async () => 1, 'lead', { when: 'before', keys: (id) => [id] });
    expect(make).toThrow(/takes neither unless nor resultTags nor keys/);
  });
});

describe('@invalidateLeadCache on a method that creates a lead', () => {
  async function service(result: unknown) {
    const logger = quiet();
    const manager = createCacheManager({ env: {}, logger, leadIdsOf: (results) => results as number[] });
    const { invalidateLeadCache } = createDecorators(manager);
    class Leads {
      @invalidateLeadCache
      async create(_input: { name: string }): Promise<unknown> {
        return result;
      }
      @invalidateLeadCache({ when: 'before' })
      async createLater(_input: { name: string }): Promise<unknown> {
        return result;
      }
    }
    for (const id of [7, 8]) await manager.cacheLeadData(id, null); // "there is no such lead"
    await manager.cacheSearchResults('seven', [7]);
    await manager.cacheSearchResults('eight', [8]);
    const left = async () => [
      await manager.getCachedLeadData(7),
      await manager.getCachedLeadData(8),
      (await manager.getCachedSearchResults('seven'))?.results,
      (await manager.getCachedSearchResults('eight'))?.results,
    ];
    return { leads: new Leads(), left, logger };
  }

  it('finds the id in the result', async () => {
    const { leads, left } = await service({ id: 7, name: 'Ada' });
    expect(await leads.create({ name: 'Ada' })).toEqual({ id: 7, name: 'Ada' });
    expect(await left()).toEqual([undefined, null, undefined, [8]]);
  });

  it('drops all leads, and says so, where there is no id either', async () => {
    const { leads, left, logger } = await service('created');
    expect(await (await service(undefined)).leads.create({ name: 'Ada' })).toBeUndefined();
    expect(await leads.createLater({ name: 'Ada' }).catch((error: unknown) => error)).toBeInstanceOf(KeyError);
    expect(await left()).toEqual([null, null, [7], [8]]);
    const none = await service({ ok: true });
    expect(await none.leads.create({ name: 'Ada' })).toEqual({ ok: true });
    expect(await none.left()).toEqual([undefined, undefined, undefined, undefined]);
    expect(none.logger.error).toHaveBeenCalledOnce();
    expect(logger.error).not.toHaveBeenCalled();
  });
});
