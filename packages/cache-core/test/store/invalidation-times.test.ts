import { describe, expect, it } from 'vitest';
import { InvalidationTimes } from '../../src/store/invalidation-times.ts';

const lead = { namespace: undefined, type: 'lead' };

describe('InvalidationTimes', () => {
  it('tells whether a type or a tag was invalidated after a moment', () => {
    const times = new InvalidationTimes();
    times.add(undefined, 'acme');
    const since = times.latest;
    expect(times.isNoneAfter(since, lead, ['acme'])).toBe(true);
    times.add(undefined, 'other');
    expect(times.isNoneAfter(since, lead, ['acme'])).toBe(true);
    times.add(undefined, 'acme');
    expect(times.isNoneAfter(since, lead, ['acme'])).toBe(false);
    times.add(undefined, 'report');
    expect(times.isNoneAfter(since, { ...lead, type: 'report' }, [])).toBe(false);
  });

  it('keeps namespaces apart, whatever stands in a tag', () => {
    const times = new InvalidationTimes();
    times.add('shop', 'acme');
    times.add(undefined, 'other');
    expect(times.isNoneAfter(0, lead, ['shop:acme', 'acme'])).toBe(true);
    expect(times.isNoneAfter(0, { namespace: 'shop', type: 'lead' }, ['acme'])).toBe(false);
  });

  it('fails on the safe side when it had to forget (P5)', () => {
    const times = new InvalidationTimes(2);
    const since = times.latest;
    for (const tag of ['a', 'b', 'c']) times.add(undefined, tag);
    expect(times.isNoneAfter(since, lead, ['never invalidated'])).toBe(false);
    expect(times.isNoneAfter(times.latest, lead, ['a'])).toBe(true);
  });
});
