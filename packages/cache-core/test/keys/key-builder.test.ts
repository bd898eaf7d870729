import { describe, expect, it, vi } from 'vitest';
import { KeyError } from '../../src/index.ts';
import { identifierText } from '../../src/keys/key.ts';
import { keyBuilder, rememberingKeys } from '../../src/keys/key-builder.ts';

/** About as many keys of the length of `other 12345` fill a generation. */
const GENERATION = 5_500;

/** Remembers keys, and counts those that it has to build. */
function remembering() {
  const build = vi.fn(identifierText);
  const keyOf = rememberingKeys(build);
  const builds = (identifier: unknown) => {
    build.mockClear();
    keyOf(identifier);
    return build.mock.calls.length;
  };
  const fill = (from: number) => {
    for (let id = from; id < from + GENERATION; id++) keyOf(`other ${id}`);
  };
  return { keyOf, builds, fill };
}

describe('a remembered key', () => {
  it('is built once', () => {
    const { builds } = remembering();
    expect([builds('ada'), builds('ada'), builds(42), builds(42), builds(7n), builds(7n)]).toEqual([1, 0, 1, 0, 1, 0]);
  });

  it('is the same for 42, its text and its bigint, whichever came first', () => {
    for (const order of [
      [42, '42', 42n],
      [42n, 42, '42'],
      ['42', 42n, 42],
    ]) {
      const keyOf = keyBuilder({ prefix: 'lead:', kind: 'text', normalizeText: false, secret: undefined });
      for (const identifier of [...order, ...order]) expect(keyOf(identifier)).toBe('lead:42');
    }
  });

  it('is forgotten when two generations came after it', () => {
    const { builds, fill } = remembering();
    builds('ada');
    fill(0);
    expect(builds('ada')).toBe(0); // of the older generation, and now of the younger one
    fill(GENERATION);
    fill(2 * GENERATION);
    expect(builds('ada')).toBe(1);
  });

  it('that is in use outlives any number of others', () => {
    const { builds, fill } = remembering();
    builds('ada');
    for (let round = 0; round < 5; round++) {
      fill(round * GENERATION);
      expect(builds('ada')).toBe(0);
    }
  });

  it.each([
    ['a text of 101 characters', 'x'.repeat(101), 'x'.repeat(100)],
    ['a bigint of 40 digits', 10n ** 39n, 10n ** 38n],
    ['a negative one', -(10n ** 39n), -(10n ** 38n)],
  ])('is not kept for %s: it would only take room', (_what, long, short) => {
    const { keyOf, builds } = remembering();
    expect([builds(long), builds(long), builds(short), builds(short)]).toEqual([1, 1, 1, 0]);
    expect(keyOf(long)).toBe(identifierText(long));
  });

  it.each(['', undefined, null, Number.NaN, Number.POSITIVE_INFINITY, {}, [1], '\ud800', true])(
    'is not there for %s, which is refused each time',
    (bad) => {
      const { keyOf } = remembering();
      for (let time = 0; time < 3; time++) expect(() => keyOf(bad)).toThrow(KeyError);
    },
  );
});
