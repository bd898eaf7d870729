import { CacheConfigError } from '@huntly/cache-core';
import { settle } from '@huntly/cache-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { createDecorators } from '../src/index.ts';
import { createSetup } from './setup.ts';

describe('cached', () => {
  it('reads a function through the cache, named by the function and its arguments', async () => {
    const { decorators, source } = createSetup();
    const report = decorators.cached(async function loadReport(month: string) {
      return source(month);
    }, 'report');
    expect(await Promise.all(Array.from({ length: 100 }, () => report('June')))).toEqual(Array(100).fill('June'));
    expect(source).toHaveBeenCalledTimes(1);
    expect(report.key('June')).toMatch(/^report:loadReport\.[0-9a-f]{64}$/);
    expect([report.name, report.length]).toEqual(['loadReport', 1]);
  });

  it('has a handle, takes a key function and options, and passes `this` on', async () => {
    const { decorators, source, cache } = createSetup();
    const load = vi.fn(function (this: unknown, month: string) {
      expect(this).toBe('self');
      return source(month);
    });
    const report = decorators.cached(load, 'report', (month) => month, { ttl: '1m', unless: (text) => text === '' });
    const call = (month: string) => Reflect.apply(report, 'self', [month]);
    expect(await call('June')).toBe('June');
    expect(await cache.type('report').getTtl('June')).toBe(60);
    expect(report.key('June')).toBe('report:June');
    expect(await report.peek('June')).toBe('June');
    await report.invalidate('June');
    expect(await report.peek('June')).toBeUndefined();
  });

  it('refreshes', async () => {
    const { decorators, source } = createSetup();
    const report = decorators.cached(source, 'report', (month) => month);
    await report('June');
    source.mockResolvedValueOnce('new');
    expect([await report.refresh('June'), await report('June')]).toEqual(['new', 'new']);
  });

  it('serves a stale result within its grace, and refreshes it', async () => {
    const { decorators, source, clock } = createSetup();
    const report = decorators.cached(source, 'forecast', (month) => month, { ttl: '1m', grace: '1h' });
    await report('June');
    await settle();
    source.mockResolvedValueOnce('new');
    await clock.advance(120_000);
    expect(await report('June')).toBe('June');
    await settle();
    expect(await report('June')).toBe('new');
  });

  it('may tell the grace from the result', async () => {
    const { decorators, source, clock } = createSetup();
    const grace = (result: string, month: string) => (result === 'June' && month === 'June' ? '1h' : 0) as '1h' | 0;
    const report = decorators.cached(source, 'forecast', (month) => month, { ttl: '1m', grace });
    expect([await report('June'), await report('July')]).toEqual(['June', 'July']);
    await settle();
    source.mockResolvedValue('new');
    await clock.advance(120_000);
    expect([await report('June'), await report('July')]).toEqual(['June', 'new']);
  });

  it('refuses to wait for itself: a method that calls one of the same key', async () => {
    const { decorators, source } = createSetup();
    const inner = decorators.cached(source, 'report', (month) => month);
    const outer = decorators.cached(
      (month: string) => inner(month),
      'report',
      (month) => month,
    );
    await expect(outer('June')).rejects.toThrow(/cached under the same key.*would wait for itself/);
    expect(await inner('May')).toBe('May');
    expect(await outer('May')).toBe('May'); // there is a value: nobody waits
    const other = decorators.cached(
      (month: string) => inner(`in ${month}`),
      'report',
      (month) => month,
    );
    expect(await other('July')).toBe('in July');
  });

  it('rejects without running for a key function, condition or tags that throw', async () => {
    const { decorators, source } = createSetup();
    const error = new Error('thrown by an option');
    const failing = () => {
      throw error;
    };
    const calls = [
      decorators.cached(source, 'report', failing),
      decorators.cached(source, 'report', (month) => month, { condition: failing }),
      decorators.cached(source, 'report', (month) => month, { tags: failing }),
      decorators.cached(source, 'report', { name: 'one', args: failing }),
    ];
    for (const call of calls) expect(await call('June').catch((caught: unknown) => caught)).toBe(error);
    expect(source).not.toHaveBeenCalled();
  });

  it('returns the result, and does not cache it, where unless or resultTags throws', async () => {
    const { decorators, source, warn } = createSetup();
    const failing = () => {
      throw new Error('thrown by an option');
    };
    const report = decorators.cached(source, 'report', (month) => month, { unless: failing });
    const tagged = decorators.cached(source, 'report', (month) => month, { resultTags: failing });
    expect([await report('June'), await tagged('May')]).toEqual(['June', 'May']);
    expect([await report.peek('June'), await tagged.peek('May')]).toEqual([undefined, undefined]);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it('needs a name where there is no key function', () => {
    const { decorators } = createSetup();
    expect(() => decorators.cached(async () => 1, 'report')).toThrow(/name of the function is empty.*option name/s);
    expect(() => decorators.cached(async () => 1, 'report', { name: '' })).toThrow(CacheConfigError);
    expect(decorators.cached(async () => 1, 'report', { name: 'one' }).key()).toMatch(/^report:one\./);
    expect(
      decorators
        .cached(
          async () => 1,
          'report',
          () => 'two',
        )
        .key(),
    ).toBe('report:two');
    expect(() => decorators.cached(undefined as never, 'report')).toThrow(/cached\(\) wraps a function; got undefined/);
  });

  it('refuses a second function of that name in that type', async () => {
    const { decorators } = createSetup();
    const [first, second] = [1, 2].map((number) => decorators.cached(async () => number, 'report', { name: 'number' }));
    expect(await first?.()).toBe(1);
    await expect(second?.()).rejects.toThrow(/"number" in the type "report"/);
  });

  it('rejects for a type that does not exist', async () => {
    const { decorators } = createSetup();
    await expect(
      decorators.cached(
        async () => 1,
        'reports' as never,
        () => 1,
      )(),
    ).rejects.toThrow(/no type "reports"/);
  });

  it('refuses an option that it does not have, and names those that it has', () => {
    const { decorators, source } = createSetup();
    const wrap = (options: object) => () => decorators.cached(source, 'report', (month) => month, options);
    expect(wrap({ tll: 5 })).toThrow(
      'tll is no option of cached(); its options are ttl, grace, tags, resultTags, condition, unless, name, args',
    );
    expect(wrap({ key: () => 1 })).toThrow(/key is no option of cached\(\)/);
    expect(wrap([])).toThrow('the options of cached() must be an object such as { ttl: … }');
  });
});

describe('invalidating', () => {
  it('drops after success, and can drop without a call', async () => {
    const { decorators, cache, source } = createSetup();
    const reports = cache.type('report');
    const save = decorators.invalidating(source, 'report', (month) => month);
    await reports.set('June', 1);
    expect(await save('June')).toBe('June');
    expect(await reports.get('June')).toBeUndefined();
    await reports.set('June', 1);
    expect(await save.invalidate('June')).toEqual({ applied: true, removed: 1 });
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('refuses options that cannot work', () => {
    const { decorators, source } = createSetup();
    const wrap = (options: object) => () => decorators.invalidating(source, 'report', options);
    expect(wrap({ wen: 'before' })).toThrow(/wen is no option of invalidating\(\); its options are when, tags/);
    expect(wrap({ key: () => 1 })).toThrow(/key is no option of invalidating\(\)/); // it would drop the whole type
    expect(wrap({ when: 'never' })).toThrow(/must be 'before' or 'after'/);
    expect(wrap({ when: 'before', unless: () => true })).toThrow(/knows no result/);
  });
});

describe('createDecorators', () => {
  it.each([
    ['cacheResult', ['report', { wen: 1 }], '@cacheResult; its options are ttl, grace'],
    ['cacheSearchResults', [{ wen: 1 }], '@cacheSearchResults; its options are ttl, grace'],
    ['cacheLeadData', [{ wen: 1 }], /@cacheLeadData; its options are ttl, .*key/],
    ['invalidateCacheOnUpdate', ['report', { wen: 1 }], '@invalidateCacheOnUpdate; its options are when, tags'],
    ['invalidateSearchCache', [{ wen: 1 }], '@invalidateSearchCache; its options are when, tags'],
    ['invalidateLeadCache', [{ wen: 1 }], /@invalidateLeadCache; its options are when, .*key/],
  ])('%s refuses a misspelt option when the class is declared', (name, given, message) => {
    const create = Reflect.get(createSetup().decorators, name) as (...given: unknown[]) => unknown;
    expect(() => create(...given)).toThrow(message);
  });

  it('refuses what is no cache', () => {
    for (const bad of [undefined, null, {}, 'cache'])
      expect(() => createDecorators(bad as never)).toThrow(/createDecorators needs a cache/);
  });
});
