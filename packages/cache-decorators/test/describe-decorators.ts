import { CacheConfigError, createCache, type InvalidationResult, KeyError } from '@huntly/cache-core';
import { settle } from '@huntly/cache-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { createDecorators } from '../src/index.ts';
import { createSetup } from './setup.ts';
import type * as services from './standard/services.ts';

/** What the decorators do, whichever protocol the classes were compiled for. */
export function describeDecorators(protocol: 'standard' | 'legacy', declared: typeof services): void {
  const open = () => {
    const setup = createSetup();
    return { ...setup, ...declared.declareServices(setup) };
  };

  it(`is the ${protocol} protocol that these classes are compiled for`, () => {
    open();
    expect(declared.protocolOfProbe).toBe(protocol);
  });

  describe('cacheResult', () => {
    it('runs the method once for a hundred concurrent calls, and then not at all', async () => {
      const { Reports, source } = open();
      const reports = new Reports();
      const calls = Array.from({ length: 100 }, () => reports.monthly('June'));
      expect(new Set(await Promise.all(calls))).toEqual(new Set(['acme June']));
      expect(await reports.monthly('June')).toBe('acme June');
      expect(source).toHaveBeenCalledTimes(1);
    });

    it('gives all callers the error of the method, the same object, and caches nothing', async () => {
      const { Reports, source, clock } = open();
      const error = new Error('database gone');
      source.mockRejectedValueOnce(error);
      const reports = new Reports();
      const outcomes = await Promise.allSettled([reports.monthly('June'), reports.monthly('June')]);
      for (const outcome of outcomes) expect(outcome.status === 'rejected' && outcome.reason).toBe(error);
      expect(source).toHaveBeenCalledTimes(1);
      const next = reports.monthly('June');
      await clock.advance(300); // the pause after a failure
      expect(await next).toBe('acme June');
    });

    it('names a call by class, method and arguments, however they are spelt', async () => {
      const { Reports, source, decorators } = open();
      const reports = new Reports();
      await reports.plain({ a: 1, b: [2] });
      await reports.plain({ b: [2], a: 1 });
      expect(source).toHaveBeenCalledTimes(1);
      await reports.plain({ a: 2, b: [2] });
      await reports.monthly('[object Object]');
      expect(source).toHaveBeenCalledTimes(3);
      const { key } = decorators.handleOf(reports, 'plain');
      expect(key({ b: [2], a: 1 })).toMatch(/^report:Reports\.plain\.[0-9a-f]{64}$/);
      expect(key({ b: [2], a: 1 })).toBe(key({ a: 1, b: [2] }));
    });

    it('takes a missing last argument for undefined', async () => {
      const { Reports, source } = open();
      const reports = new Reports();
      await reports.monthly('June');
      await reports.monthly('June', undefined);
      expect(source).toHaveBeenCalledTimes(1);
      await reports.monthly('June', 2);
      expect(source).toHaveBeenCalledTimes(2);
    });

    it('does not look into `this`, unless the key function does', async () => {
      const { Reports } = open();
      const [acme, globex] = [new Reports('acme'), new Reports('globex')];
      expect([await acme.monthly('June'), await globex.monthly('June')]).toEqual(['acme June', 'acme June']);
      expect([await acme.keyed('June'), await globex.keyed('June')]).toEqual(['acme June', 'globex June']);
    });

    it('refuses arguments that name nothing, with the remedy, before the method runs', async () => {
      const { Reports, source } = open();
      const refused = await new Reports().plain(new Reports()).catch((error: unknown) => error);
      expect(KeyError.is(refused)).toBe(true);
      expect(String(refused)).toMatch(
        /Reports\.plain.*query\[0\].*a class instance.*option args, or give a key function/s,
      );
      expect(source).not.toHaveBeenCalled();
    });

    it('leaves out the arguments that the option args leaves out', async () => {
      const { Reports, source } = open();
      const reports = new Reports();
      await reports.aborted('June', new AbortController().signal);
      await reports.aborted('June', new AbortController().signal);
      expect(source).toHaveBeenCalledTimes(1);
    });

    it('caches static methods, and inherited ones once for all classes', async () => {
      const { Reports, WeeklyReports, source, decorators } = open();
      expect([await Reports.total('June'), await WeeklyReports.total('June')]).toEqual(['total June', 'total June']);
      expect(source).toHaveBeenCalledTimes(1);
      expect(decorators.handleOf(Reports, 'total').key('June')).toMatch(/^report:Reports\.total\./);
      await new WeeklyReports().plain('x');
      await new Reports().plain('x');
      expect(source).toHaveBeenCalledTimes(2);
    });

    it('keeps an overridden method and the one that it calls apart', async () => {
      const { Reports, WeeklyReports, source } = open();
      expect(await new WeeklyReports().monthly('June')).toBe('weeks of acme June');
      expect(await new Reports().monthly('June')).toBe('acme June');
      expect(source).toHaveBeenCalledTimes(1);
    });

    it('looks like the method', () => {
      const { Reports } = open();
      expect([Reports.prototype.monthly.name, Reports.prototype.monthly.length]).toEqual(['monthly', 2]);
    });

    it('finds the cache in the object, where that holds it', async () => {
      const { Held, cache, source } = open();
      const other = createCache({ types: { report: { ttl: '1h' }, lead: { ttl: '1h' } }, logger: false });
      const [here, there] = [new Held(cache), new Held(other as unknown as typeof cache)];
      for (const held of [here, there, here, there]) await held.monthly('June');
      expect(source).toHaveBeenCalledTimes(2);
      expect([await cache.type('report').get('June'), await other.type('report').get('June')]).toEqual([
        'June',
        'June',
      ]);
      await expect(new Held(undefined as never).monthly('May')).rejects.toThrow(/must return a cache; got undefined/);
    });
  });

  describe('the options of a cached method', () => {
    it('work together: ttl, tags, resultTags, condition, unless', async () => {
      const { Reports, cache, source } = open();
      const reports = new Reports();
      const runs = async (month: string) => {
        source.mockClear();
        await reports.everything(month);
        await settle();
        return source.mock.calls.length;
      };
      expect([await runs('June'), await runs('June')]).toEqual([1, 0]);
      expect(await cache.type('report').getTtl('June')).toBe(60);
      for (const tag of ['month:June', 'result:June', 'both:June']) {
        await cache.invalidateTags([tag]);
        expect([await runs('June'), await runs('June')]).toEqual([1, 0]);
      }
      expect([await runs('now'), await runs('now')]).toEqual([1, 1]);
      expect([await runs('empty'), await runs('empty')]).toEqual([1, 1]);
      source.mockResolvedValueOnce('other');
      await reports.everything('May');
      await settle();
      expect(await cache.type('report').getTtl('May')).toBe(300);
    });

    it('have unless see the result that concurrent callers share', async () => {
      const { Reports, source } = open();
      const reports = new Reports();
      expect(await Promise.all([reports.everything('empty'), reports.everything('empty')])).toEqual(['empty', 'empty']);
      expect(source).toHaveBeenCalledTimes(1);
    });
  });

  describe('names', () => {
    it('of two classes are refused where they are one, with the remedy', async () => {
      const setup = open();
      const Other = declared.declareOtherReports(setup);
      await new setup.Reports().monthly('June');
      const refused = await new Other().monthly('June').catch((error: unknown) => error);
      expect(CacheConfigError.is(refused)).toBe(true);
      expect(String(refused)).toMatch(/"Reports\.monthly" in the type "report".*option name/s);
      const Named = declared.declareOtherReports(setup, 'other-reports');
      expect(await new Named().monthly('June')).toBe('other June');
    });

    it('that look minified are warned of once', async () => {
      const setup = open();
      const Minified = declared.declareMinified(setup);
      await new Minified().load('June');
      await new Minified().loadMore('June');
      expect(setup.warn.mock.calls).toEqual([
        [{ method: 'a.load' }, expect.stringMatching(/looks minified.*option name/)],
      ]);
    });
  });

  describe('the handle of a method', () => {
    it('drops, refreshes, names and peeks at one call', async () => {
      const { Reports, decorators, source } = open();
      const reports = new Reports();
      const handle = decorators.handleOf(reports, 'monthly');
      expect(await handle.peek('June')).toBeUndefined();
      await reports.monthly('June');
      await reports.monthly('May');
      expect(await handle.peek('June')).toBe('acme June');
      expect(await handle.invalidate('June')).toEqual({ applied: true, removed: 1 } satisfies InvalidationResult);
      expect([await handle.peek('June'), await handle.peek('May')]).toEqual([undefined, 'acme May']);
      source.mockResolvedValueOnce('new');
      expect(await handle.refresh('May')).toBe('new');
      expect(await reports.monthly('May')).toBe('new');
    });

    it('is found below our other decorators, and refused where there is none', async () => {
      const { Reports, Leads, decorators, managed } = open();
      expect(decorators.handleOf(new Reports(), 'both').key('June')).toBe('lead:June');
      expect(() => decorators.handleOf(new Reports(), 'save')).toThrow(/"save" is no cached method/);
      const search = managed.handleOf(new Leads(), 'search');
      await new Leads().search({ q: 'acme' });
      expect(await search.peek({ q: 'acme' })).toEqual([{ id: 7, name: 'acme' }]);
    });
  });

  describe('invalidateCacheOnUpdate', () => {
    it('drops the key after the method succeeded, and the whole type without a key function', async () => {
      const { Reports, cache } = open();
      const fill = async () => {
        for (const month of ['June', 'May']) await cache.type('report').set(month, 1);
        for (const id of [1, 2]) await cache.type('lead').set(id, 1);
      };
      await fill();
      expect(await new Reports().save('June')).toBe('June');
      expect(await cache.type('report').get('June')).toBeUndefined();
      expect(await cache.type('report').get('May')).toBe(1);
      expect([await cache.type('lead').get(1), await cache.type('lead').get(2)]).toEqual([undefined, undefined]);
    });

    it('drops nothing after a throw, and the error is the same object', async () => {
      const { Reports, cache, source } = open();
      await cache.type('report').set('June', 1);
      const error = new Error('not saved');
      source.mockRejectedValueOnce(error);
      expect(await new Reports().save('June').catch((caught: unknown) => caught)).toBe(error);
      expect(await cache.type('report').get('June')).toBe(1);
    });

    it('drops before the method runs, if told so', async () => {
      const { Reports, cache, source } = open();
      await cache.type('report').set('June', 1);
      source.mockImplementationOnce(async () => String(await cache.type('report').get('June')));
      expect(await new Reports().saveAfterDrop('June')).toBe('undefined');
    });

    it('obeys condition and unless, and drops tags as well', async () => {
      const { Reports, cache, source } = open();
      const reports = new Reports();
      const leads = cache.type('lead');
      const fill = async () => {
        await leads.set(1, 1, { tags: ['month:June'] });
        await leads.set(2, 1, { tags: ['result:saved'] });
        await leads.set(3, 1);
        await cache.type('report').set('May', 1);
      };
      const left = async () => [
        ...(await Promise.all([1, 2, 3].map((id) => leads.get(id)))),
        await cache.type('report').get('May'),
      ];
      await fill();
      await reports.saveAll('draft');
      source.mockResolvedValueOnce('unchanged');
      await reports.saveAll('June');
      expect(await left()).toEqual([1, 1, 1, 1]);
      source.mockResolvedValueOnce('saved');
      await reports.saveAll('June');
      expect(await left()).toEqual([undefined, undefined, 1, undefined]);
    });

    it('refuses a bad key before anything has changed', async () => {
      const { Reports, source } = open();
      await expect(new Reports().saveAfterDrop('')).rejects.toThrow(KeyError);
      await expect(new Reports().both('')).rejects.toThrow(KeyError);
      expect(source).not.toHaveBeenCalled();
    });

    it('never loses the result: not to a store that is gone, nor to options that throw', async () => {
      const { Reports, store, cache, error, warn } = open();
      await cache.type('report').set('June', 1);
      expect(await new Reports().saveWithBadOptions('June')).toBe('June');
      expect(error).toHaveBeenCalledTimes(2);
      expect(await cache.type('report').get('June')).toBeUndefined(); // dropped all the same
      vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('gone'));
      expect(await new Reports().save('June')).toBe('June');
      expect(warn).toHaveBeenCalledWith(expect.anything(), expect.stringMatching(/invalidation not applied/));
    });

    it('stands on a cached method, too', async () => {
      const { Reports, cache, source } = open();
      await cache.type('report').set('June', 1);
      await new Reports().both('June');
      await new Reports().both('June');
      expect(source).toHaveBeenCalledTimes(1);
      expect(await cache.type('report').get('June')).toBeUndefined();
      expect(await cache.type('lead').get('June')).toBe('June');
    });
  });

  describe('the verbs for leads and searches', () => {
    it('take the id of a lead from the first argument, and share its key with the manager', async () => {
      const { Leads, manager, source } = open();
      const leads = new Leads();
      for (const by of [7, { leadId: 7 }, { id: 7 }]) await leads.find(by);
      expect(source).toHaveBeenCalledTimes(1);
      expect(await manager.getCachedLeadData(7)).toEqual({ id: 7, name: 'lead' });
      expect(await manager.getTtl('lead', 7)).toBe(600);
      await expect(leads.find(true)).rejects.toThrow(/@cacheLeadData takes the id.*option key/);
      await expect(leads.find({})).rejects.toThrow(KeyError);
    });

    it('hash the whole call of a search, as one query for all its spellings, and for no other method', async () => {
      const { Leads, source } = open();
      const leads = new Leads();
      await leads.search({ q: 'Acme ' });
      expect(await leads.search({ q: ' acme' })).toEqual([{ id: 7, name: 'Acme ' }]);
      expect(source).toHaveBeenCalledTimes(1);
      await leads.search({ q: 'acme' }, 2);
      expect(await leads.suggest({ q: 'acme' })).toEqual(['acme']);
      expect(source).toHaveBeenCalledTimes(3);
    });

    it('drop a search with each lead in it', async () => {
      const { Leads, manager, source } = open();
      const leads = new Leads();
      const isCached = async () => {
        source.mockClear();
        await leads.search({ q: 'acme' });
        return source.mock.calls.length === 0;
      };
      const changes: [change: () => Promise<unknown>, drops: boolean][] = [
        [() => leads.save({ id: 7, name: 'Ada' }), true],
        [() => leads.save({ id: 8, name: 'Bob' }), false],
        [() => leads.rename(7, 'Ada'), true],
        [() => leads.rename(8, 'Bob'), false],
        [() => leads.move({ leadId: 8 }), true],
        [() => leads.reindex(), true],
        [() => leads.reindexAll(), true],
        [() => manager.invalidateAllLeadCaches(), true],
      ];
      await isCached();
      for (const [change, drops] of changes) {
        await change();
        expect(await isCached()).toBe(!drops);
      }
    });
  });

  it('refuses getters, when the class is declared', () => {
    expect(() => declared.declareGetter(createSetup())).toThrow(/@cacheResult is for methods; got the getter/);
  });

  it('reads nothing from a cache that is not enabled', async () => {
    const setup = createSetup();
    const off = createCache({ types: { report: { ttl: '1h' }, lead: { ttl: '1h' } }, enabled: false, logger: false });
    const { Reports } = declared.declareServices({ ...setup, decorators: createDecorators(off) as never });
    await new Reports().monthly('June');
    await new Reports().monthly('June');
    expect(setup.source).toHaveBeenCalledTimes(2);
  });
}
