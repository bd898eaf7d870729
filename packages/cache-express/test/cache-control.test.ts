import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mentions, parseCacheControl, secondsOf } from '../src/cache-control.ts';
import { responseFacts } from '../src/response-facts.ts';
import { isStorable } from '../src/storable.ts';

const policy = { ttlMs: 60_000, negativeTtlMs: 1_000, keyedHeaders: new Set<string>(), maxBodyBytes: 1_000 };
const storable = (headers: Record<string, string | string[]>) =>
  isStorable(responseFacts(200, new Map(), new Map(Object.entries(headers))), policy, 0).allowed;

describe('parseCacheControl', () => {
  it.each([
    [
      'max-age=60, public',
      [
        ['max-age', '60'],
        ['public', null],
      ],
    ],
    [
      'MAX-AGE=60 ,  Public',
      [
        ['max-age', '60'],
        ['public', null],
      ],
    ],
    [
      'no-cache="a, b", x=y',
      [
        ['no-cache', 'a, b'],
        ['x', 'y'],
      ],
    ],
    ['max-age="60"', [['max-age', '60']]],
    [', ,max-age=1,', [['max-age', '1']]],
    ['max-age=10, max-age=5', [['max-age', '5']]],
    ['max-age=5, max-age=x', [['max-age', 'x']]],
    ['', []],
  ])('reads %s', (header, directives) => {
    const parsed = parseCacheControl(header);
    expect([...parsed.directives]).toEqual(directives);
    expect(parsed.isMalformed).toBe(false);
  });

  it.each([
    'max-age =5',
    'max-age= 5',
    'private x',
    'a=b=c',
    '"no-store"',
    'no-store;',
    'x="',
    'x="a',
    '=',
    'a, =, b',
    'é',
    'a\u0000',
    `x="${'a'.repeat(9_000)}"`,
  ])('takes %j for malformed', (header) => {
    expect(parseCacheControl(header).isMalformed).toBe(true);
  });

  it.each([
    ['max-age=60', 60],
    ['max-age=-1', 0],
    ['max-age=1.5', 0],
    ['max-age', 0],
    ['max-age=99999999999', 2 ** 31],
    ['public', undefined],
  ])('%s lasts %s seconds', (header, seconds) => {
    expect(secondsOf(parseCacheControl(header), 'max-age')).toBe(seconds);
  });

  it('never throws, whatever it is given, and reads long hostile texts in no time', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[\t ,="\\a;-]{0,60}$/)),
        (text) => {
          parseCacheControl(text);
          for (const name of [
            'cache-control',
            'cdn-cache-control',
            'expires',
            'age',
            'vary',
            'date',
            'content-length',
            'content-type',
          ])
            storable({ [name]: text });
        },
      ),
      { numRuns: 2_000 },
    );
    for (const hostile of ['a="'.repeat(2_700), '\\"'.repeat(4_000), `x="${'\\'.repeat(8_000)}`, ' ,'.repeat(4_000)])
      parseCacheControl(hostile);
  });

  it('stores nothing under any spelling of no-store or private', () => {
    const spelling = (word: string) =>
      fc
        .tuple(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), fc.constantFrom('-', '_', '', '.', '--'))
        .map(([upper, dash]) =>
          [...word.replace('-', dash)].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join(''),
        );
    const argument = fc.constantFrom(
      '',
      '=',
      '=1',
      '=""',
      '="x"',
      '="set-cookie, x"',
      ';',
      ' ',
      '\t',
      '=a=b',
      ' x',
      '\u0000',
    );
    const others = fc.array(fc.constantFrom('public', 'max-age=60', 's-maxage=60', 'x="a,b"', 'immutable', ''), {
      maxLength: 3,
    });
    const separator = fc.constantFrom(',', ', ', ' ,', ',,', '\t,\t');
    fc.assert(
      fc.property(
        fc.oneof(spelling('no-store'), spelling('private')),
        argument,
        others,
        others,
        separator,
        fc.constantFrom('cache-control', 'cdn-cache-control'),
        fc.boolean(),
        (word, more, before, after, comma, name, isArray) => {
          const members = [...before, word + more, ...after];
          expect(storable({ [name]: isArray ? members : members.join(comma) })).toBe(false);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('does not take another word for one of them', () => {
    expect(mentions(parseCacheControl('no-transform, privately'), 'private')).toBe(false);
    expect(storable({ 'cache-control': 'no-transform, public' })).toBe(true);
  });
});
