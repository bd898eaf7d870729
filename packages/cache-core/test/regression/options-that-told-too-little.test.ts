import { expect, it } from 'vitest';
import { CacheConfigError, createCache, createCacheManager } from '../../src/index.ts';

function problemsOf(make: () => unknown): readonly string[] {
  try {
    make();
    return [];
  } catch (error) {
    if (CacheConfigError.is(error)) return error.problems;
    throw error;
  }
}
/** As JavaScript would give them. */
const loose = (options: object) => options as never;
const create = (options: object) => problemsOf(() => createCache(loose({ types: {}, logger: false, ...options })));

it('a manager offers its own options too, and lists them once', () => {
  const problems = problemsOf(() => createCacheManager(loose({ env: {}, logger: false, redis: 1, tll: 2 })));
  expect(problems).toEqual([expect.stringMatching(/^redis, tll are no options of a cache; its options are types, /)]);
  for (const name of ['store', 'env', 'leadIdsOf', 'popularSearches']) expect(problems[0]).toContain(name);
  expect(create({ env: {} })).toEqual([expect.stringMatching(/^env is no option of a cache; .*, random$/)]);
});

it('local copies take a plain object', () => {
  for (const local of [[], new Map(), new Date(0)])
    expect(create({ local })).toEqual([expect.stringMatching(/^local must be true, false or an object such as/)]);
  for (const local of [{}, { maxEntries: 5 }, Object.create(null), true, false, undefined])
    expect(create({ local })).toEqual([]);
});
