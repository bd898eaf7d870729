import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildKey, KeyError, parseKey, rankingKey } from '../../src/index.ts';

const lead = { namespace: undefined, type: 'lead' };
const names = fc.constantFrom('lead', 'search', 'x', 'shop', 'a.b', 'popular');
const namespaces = fc.array(names, { minLength: 1, maxLength: 3 }).map((path) => path.join('/'));
const identifiers = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({
    unit: fc.constantFrom(...':%*?[]{}\\ \n\u0000', 'h', 'a', '2', '5', 'ä', '😀'),
    minLength: 1,
    maxLength: 8,
  }),
  fc.constantFrom('popular_searches', '%h', '__proto__', 'x'.repeat(200), 'x'.repeat(201)),
);
const keys = fc.record({ namespace: fc.option(namespaces, { nil: undefined }), type: names, identifier: identifiers });

describe('buildKey', () => {
  it.each([
    [{ namespace: undefined, type: 'lead' }, 42, 'lead:42'],
    [{ namespace: undefined, type: 'lead' }, 42n, 'lead:42'],
    [{ namespace: 'shop', type: 'analytics' }, 'leads/day', 'shop/analytics:leads/day'],
    [{ namespace: undefined, type: 'user_prefs' }, 'ada@example.com', 'user_prefs:ada@example.com'],
    [{ namespace: undefined, type: 'suggestions' }, 'big c', 'suggestions:big%20c'],
    [{ namespace: undefined, type: 'lead' }, 'a:b{c}*', 'lead:a%3Ab%7Bc%7D%2A'],
  ])('%o, %s → %s', (scope, identifier, key) => {
    expect(buildKey(scope, identifier)).toBe(key);
  });

  it('never gives two values one key, whatever stands in them', () => {
    fc.assert(
      fc.property(keys, keys, (a, b) => {
        const isSame = a.namespace === b.namespace && a.type === b.type && a.identifier === b.identifier;
        expect(buildKey(a, a.identifier) === buildKey(b, b.identifier)).toBe(isSame);
        for (const namespace of [a.namespace, undefined]) {
          expect(buildKey(a, a.identifier)).not.toBe(rankingKey(namespace));
        }
      }),
      { numRuns: 20_000 },
    );
  });

  it('is read back by parseKey', () => {
    fc.assert(
      fc.property(keys, ({ namespace, type, identifier }) => {
        const parsed = parseKey(buildKey({ namespace, type }, identifier));
        expect(parsed).toMatchObject({ namespace, type, isHashed: identifier.length > 200 });
        if (identifier.length <= 200) expect(parsed?.identifier).toBe(identifier);
      }),
    );
  });

  it('keeps separators, globs, braces, white space and control characters out of the identifier', () => {
    fc.assert(
      fc.property(identifiers, (identifier) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
        expect(buildKey(lead, identifier).slice('lead:'.length)).not.toMatch(/[\u0000-\u0020\u007f:*?[\]{}\\]/);
      }),
    );
  });

  it('replaces an over-long identifier by its digest', () => {
    const key = buildKey(lead, 'x'.repeat(10_000_000));
    expect(key).toMatch(/^lead:%h[0-9a-f]{64}$/);
    expect(key).not.toBe(buildKey(lead, 'x'.repeat(10_000_001)));
  });

  it.each([undefined, null, '', Number.NaN, Number.POSITIVE_INFINITY, true, {}, [], Symbol('x'), '\ud800'])(
    'refuses the identifier %s',
    (identifier) => {
      expect(() => buildKey(lead, identifier as string)).toThrow(KeyError);
    },
  );

  it.each([
    '',
    'tag',
    'lease',
    'popular_searches',
    'a:b',
    'a b',
    '1a',
    '__proto__',
    'x'.repeat(65),
    undefined,
    null,
    7,
  ])('refuses the type %s', (type) => {
    expect(() => buildKey({ namespace: undefined, type: type as string }, 1)).toThrow(KeyError);
  });

  it('says what it wants, and does not show what it got', () => {
    expect(() => buildKey(lead, { secret: 1 } as never)).toThrow(
      'An identifier must be a non-empty string, a finite number or a bigint; got an object.',
    );
  });
});

describe('parseKey', () => {
  it.each([
    '',
    'lead',
    'lead:',
    ':1',
    'tag:1',
    'lease:1',
    'a:b:c:d',
    'a:b:c',
    '/lead:1',
    'shop//lead:1',
    'shop/:1',
    'shop/tag:1',
    'tag/lead:1',
    'shop/tag',
    'lead:a b',
    'lead:%',
    'lead:%41',
    'lead:%ff',
    'lead:%2a',
    'lead:%hff',
  ])('knows that %s is no key of ours', (text) => {
    expect(parseKey(text)).toBeUndefined();
  });
});
