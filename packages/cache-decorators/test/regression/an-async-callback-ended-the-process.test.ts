import { createCache } from '@huntly/cache-core';
import { describe, expect, it, vi } from 'vitest';
import { createDecorators } from '../../src/index.ts';

/** Rejects: unhandled, it would fail this run. */
const rejecting = (): never => Promise.reject(new Error('no such column')) as never;
const async = (async () => {
  throw new Error('no such column');
}) as never;

function open() {
  const warn = vi.fn();
  const error = vi.fn();
  const logger = { debug() {}, info() {}, warn, error };
  const cache = createCache({ types: { report: { ttl: '1h' } }, logger });
  const method = vi.fn(async (month: string) => month);
  return { cache, method, warn, error, ...createDecorators(cache) };
}
const key = (month: string) => month;

describe('a function that is declared async where an answer is needed at once is refused', () => {
  it.each(['ttl', 'tags', 'resultTags', 'condition', 'unless', 'args'])('%s of a cached function', (name) => {
    const { cached, method } = open();
    const options = { name: 'report', [name]: async };
    expect(() => cached(method, 'report', options as never)).toThrow(
      `${name} of cached() must be a function that is not async`,
    );
  });

  it.each(['tags', 'resultTags', 'condition', 'unless'])('%s of an invalidating function', (name) => {
    const { invalidating, method } = open();
    expect(() => invalidating(method, 'report', key, { [name]: async })).toThrow('not async');
  });

  it('the key function, and those of decorators', () => {
    const { cached, method, cacheResult, cacheLeadData } = open();
    expect(() => cached(method, 'report', async)).toThrow('the key function of cached() must not be async');
    expect(() => cacheResult('report', async)).toThrow('the key function of @cacheResult');
    expect(() => cacheLeadData({ key: async })).toThrow('key of @cacheLeadData');
  });
});

describe('a promise where an answer is needed at once', () => {
  it.each(['condition', 'tags', 'args'])('of %s rejects the call before the method runs', async (name) => {
    const { cached, method } = open();
    const report = cached(method, 'report', { name: 'report', [name]: rejecting } as never);
    await expect(report('May')).rejects.toThrow('must answer at once');
    expect(method).not.toHaveBeenCalled();
  });

  it('of the key function and of the function to the cache, too', async () => {
    const { cached, invalidating, method } = open();
    await expect(cached(method, 'report', rejecting)('May')).rejects.toThrow('must answer at once');
    await expect(invalidating(method, 'report', rejecting)('May')).rejects.toThrow('must answer at once');
    const { cached: elsewhere } = createDecorators(rejecting as never) as unknown as ReturnType<typeof open>;
    await expect(elsewhere(method, 'report', key)('May')).rejects.toThrow('must answer at once');
    expect(method).not.toHaveBeenCalled();
  });

  it.each(['unless', 'resultTags'])('of %s costs the value its place, and is said', async (name) => {
    const { cached, method, warn, cache } = open();
    const report = cached(method, 'report', key, { [name]: rejecting });
    expect(await report('May')).toBe('May');
    await cache.close();
    expect(cache.stats().report).toMatchObject({ stored: 0 });
    expect(warn).toHaveBeenCalled();
  });

  it.each(['unless', 'resultTags'])(
    'of %s of an invalidating function drops all the same, and is said',
    async (name) => {
      const { invalidating, method, error, cache } = open();
      await cache.type('report').set('May', 'old');
      expect(await invalidating(method, 'report', key, { [name]: rejecting })('May')).toBe('May');
      expect(await cache.type('report').get('May')).toBeUndefined();
      expect(error).toHaveBeenCalled();
    },
  );
});
