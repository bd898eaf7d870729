import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildKey, buildPattern, escapePattern, KeyError } from '../../src/index.ts';
import { parsePattern } from '../../src/keys/pattern.ts';

const scope = { namespace: undefined, type: 'lead' };
const matches = (glob: string, identifier: string) => buildPattern(scope, glob).matches(buildKey(scope, identifier));

describe('buildPattern', () => {
  it.each([
    ['*', 'anything', true],
    ['4*', '42', true],
    ['4*', '14', false],
    ['4?', '42', true],
    ['4?', '4', false],
    ['4?', '4 ', true],
    ['*5', '%', false],
    ['a:b*', 'a:bc', true],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['\\*', '*', true],
    ['\\*', 'a', false],
    ['?', '😀', true],
    ['a**b', 'ab', true],
    ['', 'a', false],
  ])('%s against %s: %s', (glob, identifier, expected) => {
    expect(matches(glob, identifier)).toBe(expected);
  });

  it('matches an over-long identifier always: nobody knows its text, and dropping too much is safe', () => {
    expect(matches('abc*', 'x'.repeat(300))).toBe(true);
  });

  it('keeps to its type and namespace', () => {
    const pattern = buildPattern({ namespace: 'shop', type: 'lead' }, '*');
    expect(pattern.matches('shop/lead:1')).toBe(true);
    for (const key of [
      'lead:1',
      'shop/lead:',
      'shop/lead:1:2',
      'shop/eu/lead:1',
      'shop:lead:1',
      'shop/leads:1',
      'other/lead:1',
      'shop/search:1',
    ])
      expect(pattern.matches(key)).toBe(false);
  });

  it('agrees with a regular expression, and its key glob finds all that it matches', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '*', '?', ':', '[', '%', '^', '-', 'ä'),
      minLength: 1,
      maxLength: 6,
    });
    const identifiers = fc.oneof(text, fc.constantFrom('popular_searches', 'a'.repeat(300), ' '.repeat(300)));
    fc.assert(
      fc.property(fc.oneof(text, fc.constantFrom('popular*', 'p?pular_searches')), identifiers, (glob, identifier) => {
        const source = glob.replace(/[[%^]/g, '\\$&').replaceAll('*', '[^]*').replaceAll('?', '[^]');
        const isMeant = new RegExp(`^${source}$`).test(identifier);
        const pattern = buildPattern(scope, glob);
        const key = buildKey(scope, identifier);
        expect(pattern.matches(key)).toBe(isMeant || identifier.length > 200);
        if (pattern.matches(key)) expect(foundBy(pattern.keyGlob, key)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes an escaped text literally', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (text, other) => {
        expect(matches(escapePattern(text), text)).toBe(true);
        if (other !== text) expect(matches(escapePattern(text), other)).toBe(false);
      }),
    );
  });

  it('does not stall on many stars', () => {
    expect(matches(`${'*a'.repeat(50)}*b`, 'a'.repeat(200))).toBe(false);
  });
});

/** The globs that patterns use: a prefix, perhaps one character of a class, then anything. */
function foundBy(keyGlob: string, key: string): boolean {
  const [, prefix = '', one] = /^(.*?:)(?:\[%\\(.)\])?\*$/u.exec(keyGlob) ?? [];
  const next = key.charAt(prefix.length);
  return key.startsWith(prefix) && (one === undefined || next === '%' || next === one);
}

describe('parsePattern', () => {
  it.each(['', '*', 'lead', 'lead:', ':4*', '*:4', 'tag:x', 7, undefined])('refuses %s', (pattern) => {
    expect(() => parsePattern(undefined, pattern as string)).toThrow(KeyError);
  });
});
