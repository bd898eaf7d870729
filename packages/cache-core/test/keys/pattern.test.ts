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
    expect(pattern.matches('shop:lead:1')).toBe(true);
    for (const key of ['lead:1', 'shop:leads:1', 'other:lead:1', 'shop:search:1'])
      expect(pattern.matches(key)).toBe(false);
  });

  it('agrees with a regular expression, and its key glob finds all that it matches', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', '*', '?', ':', '[', '%'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(text, text, (glob, identifier) => {
        const source = glob
          .replace(/[[%: ]/g, '\\$&')
          .replaceAll('*', '[^]*')
          .replaceAll('?', '[^]');
        const expected = new RegExp(`^${source}$`).test(identifier);
        const pattern = buildPattern(scope, glob);
        const key = buildKey(scope, identifier);
        expect(pattern.matches(key)).toBe(expected);
        const loose = new RegExp(
          `^${pattern.keyGlob
            .split('*')
            .map((part) => part.replace(/[.\\[\]%]/g, '\\$&'))
            .join('.*')}$`,
        );
        if (expected) expect(key).toMatch(loose);
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

describe('parsePattern', () => {
  it.each(['', '*', 'lead', 'lead:', ':4*', '*:4', 'tag:x', 7, undefined])('refuses %s', (pattern) => {
    expect(() => parsePattern(undefined, pattern as string)).toThrow(KeyError);
  });
});
