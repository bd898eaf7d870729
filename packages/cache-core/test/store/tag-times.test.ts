import { describe, expect, it } from 'vitest';
import { TagTimes } from '../../src/store/tag-times.ts';

describe('TagTimes', () => {
  it('tells whether a tag was added after a moment', () => {
    const times = new TagTimes();
    times.add(['a', 'b']);
    const since = times.latest;
    times.add(['b']);
    expect([times.isNoneAfter(since, ['a']), times.isNoneAfter(since, ['a', 'b'])]).toEqual([true, false]);
  });

  it('is bounded, and forgets on the safe side (P5, P7)', () => {
    const times = new TagTimes(1_000);
    const since = times.latest;
    for (let tag = 0; tag < 2_000; tag++) times.add([`${tag}`.padEnd(1_000, 'x')]);
    expect(times.size).toBeLessThanOrEqual(1_000);
    expect(times.isNoneAfter(since, ['never added'])).toBe(false);
    const now = times.latest;
    times.add(['other']);
    expect(times.isNoneAfter(now, ['never added'])).toBe(true);
  });

  it('counts a tag that is added again once', () => {
    const times = new TagTimes(10);
    const before = times.latest;
    for (let time = 0; time < 100; time++) times.add(['x']);
    times.add(['y']);
    expect(times.size).toBe(2);
    expect(times.isNoneAfter(before, ['never added'])).toBe(true);
  });

  it('tells tags that are alike from each other', () => {
    const times = new TagTimes();
    const before = times.latest; // all of them fit
    const names = Array.from({ length: 50_000 }, (_, id) => `shop/tag:lead:${id}`);
    times.add(names);
    const mistaken = names.filter((name) => !times.isNoneAfter(before, [`${name}0000`]));
    expect(mistaken.length).toBeLessThan(10);
    expect(times.size).toBeGreaterThan(49_990);
  });

  it('forgets all on the safe side', () => {
    const times = new TagTimes();
    const since = times.latest;
    times.add(['a']);
    times.forget();
    expect([times.size, times.isNoneAfter(since, ['never added'])]).toEqual([0, false]);
  });
});
