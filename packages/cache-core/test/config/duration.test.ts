import { describe, expect, it } from 'vitest';
import { toMilliseconds } from '../../src/config/duration.ts';
import { CacheConfigError } from '../../src/index.ts';

describe('toMilliseconds', () => {
  it.each([
    [1, 1_000],
    [0.5, 500],
    [30 * 24 * 3600, 2_592_000_000],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5h', 5_400_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['60d', 5_184_000_000],
    ['1w', 604_800_000],
  ])('%s is %i ms', (duration, ms) => {
    expect(toMilliseconds('ttl', duration)).toBe(ms);
  });

  it.each([
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    60_000_000,
    'soon',
    '',
    '60',
    '5 m',
    '-1s',
    '0s',
    '1y',
    '1h30m',
    null,
    undefined,
    {},
    [],
    true,
    10n,
  ])('refuses %s, naming the field', (duration) => {
    expect(() => toMilliseconds('types.lead.ttl', duration)).toThrow(CacheConfigError);
    expect(() => toMilliseconds('types.lead.ttl', duration)).toThrow('types.lead.ttl must be');
  });

  it('suspects milliseconds in a large number', () => {
    expect(() => toMilliseconds('ttl', 60_000_000)).toThrow('seconds, not milliseconds?');
  });
});
