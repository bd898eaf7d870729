import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isNotModified } from '../src/conditional.ts';
import { clientWishes, satisfies } from '../src/request-rules.ts';
import { acceptedEncodings } from '../src/vary.ts';

const NOW = Date.UTC(2026, 0, 1);
const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT';

describe('isNotModified (RFC 9110 §13)', () => {
  it.each([
    ['"a"', '"a"', true],
    ['W/"a"', '"a"', true],
    ['"a"', 'W/"a"', true],
    ['"b", "a"', '"a"', true],
    ['"b","c"', '"a"', false],
    ['"a,b", "c"', '"a,b"', true],
    [' , "a" ,', '"a"', true],
    ['*', '"a"', true],
    ['*', undefined, true],
    ['a', '"a"', false],
    ['"A"', '"a"', false],
    ['"a', '"a"', false],
    ['w/"a"', '"a"', false],
    ['"x" y, "a"', '"a"', false],
    ['', '"a"', false],
    ['"a"', undefined, false],
  ])('If-None-Match %s against %s: %s', (header, etag, expected) => {
    expect(isNotModified({ 'if-none-match': header }, { etag, lastModified: undefined }, NOW)).toBe(expected);
  });

  it.each([
    [MODIFIED, true],
    ['Thu, 01 Jan 2026 00:00:01 GMT', true],
    ['Wed, 31 Dec 2025 23:59:59 GMT', false],
    ['yesterday', false],
  ])('If-Modified-Since %s: %s', (header, expected) => {
    expect(isNotModified({ 'if-modified-since': header }, { etag: undefined, lastModified: MODIFIED }, NOW)).toBe(
      expected,
    );
  });

  it('If-None-Match decides alone where both are given', () => {
    const validators = { etag: '"a"', lastModified: MODIFIED };
    expect(isNotModified({ 'if-none-match': '"b"', 'if-modified-since': MODIFIED }, validators, NOW)).toBe(false);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (a, b, c) => {
        isNotModified({ 'if-none-match': a }, { etag: b, lastModified: c }, NOW);
        isNotModified({ 'if-modified-since': a }, { etag: b, lastModified: c }, NOW);
        clientWishes({ 'cache-control': a, pragma: b });
        acceptedEncodings(a);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what a client wishes (RFC 9111 §5.2.1)', () => {
  it.each([
    ['max-age=10', 5_000, true],
    ['max-age=3', 5_000, false],
    ['min-fresh=54', 5_000, true],
    ['min-fresh=56', 5_000, false],
    ['max-stale', 70_000, true],
    ['max-stale=5', 70_000, false],
    ['max-stale=10', 70_000, true],
    ['max-age=100', 70_000, false],
    ['max-age=100, max-stale=10', 70_000, true],
  ])('%s with an age of %s ms of 60 s: %s', (header, ageMs, expected) => {
    expect(satisfies(clientWishes({ 'cache-control': header }), ageMs, 60_000)).toBe(expected);
  });
});

it.each([
  ['gzip, deflate, br', 'br, gzip, deflate'],
  ['br;q=1.0, gzip;q=0.5, *;q=0.1', 'br, gzip'],
  ['GZIP', 'gzip'],
  ['gzip;q=0', undefined],
  ['gzip;q=0.000, br', 'br'],
  ['identity', undefined],
  [undefined, undefined],
])('Accept-Encoding %s is one of few: %s', (header, normal) => {
  expect(acceptedEncodings(header)).toBe(normal);
});
