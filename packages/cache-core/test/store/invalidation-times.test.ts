import { describe, expect, it } from 'vitest';
import { InvalidationTimes } from '../../src/store/invalidation-times.ts';

describe('InvalidationTimes', () => {
  it('tells whether a type or a tag was invalidated after a moment', () => {
    const times = new InvalidationTimes();
    times.add('acme');
    const since = times.latest;
    expect(times.isNoneAfter(since, '', 'lead', ['acme'])).toBe(true);
    times.add('other');
    expect(times.isNoneAfter(since, '', 'lead', ['acme'])).toBe(true);
    times.add('acme');
    expect(times.isNoneAfter(since, '', 'lead', ['acme'])).toBe(false);
    times.add('report');
    expect(times.isNoneAfter(since, '', 'report', [])).toBe(false);
  });

  it('fails on the safe side when it had to forget (P5)', () => {
    const times = new InvalidationTimes(2);
    const since = times.latest;
    for (const tag of ['a', 'b', 'c']) times.add(tag);
    expect(times.isNoneAfter(since, '', 'lead', ['never invalidated'])).toBe(false);
    expect(times.isNoneAfter(times.latest, '', 'lead', ['a'])).toBe(true);
  });
});
