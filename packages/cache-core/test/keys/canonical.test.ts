import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalForm, hashQuery, KeyError } from '../../src/index.ts';

/** Each of these has met another one, or nothing, in a hash function of a well-known library. */
const DISTINCT: readonly unknown[] = [
  null, true, false, 0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1n, -1n, 0n,
  '', '0', '1', 'null', 'true', 'NaN', '1n', '[]', '{}', 'u', 'n',
  [], {}, [[]], [{}], [null], [undefined], [undefined, undefined], [0], [-0], ['0'], ['a,b'], ['a', 'b'], [['a'], 'b'], [['a', 'b']],
  { a: null }, { a: 0 }, { a: '0' }, { a: [] }, { a: {} }, { 'a":1,"b': 1 }, { a: 1, b: 1 }, { a: { b: 1 } }, { 'a.b': 1 }, { toString: 1 }, JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}'),
  new Date(0), new Date(1), new Date(Number.NaN), '1970-01-01T00:00:00.000Z',
  new Map(), new Map([['a', 1]]), new Map([[1, 'a']]), new Map([['a', undefined]]), new Map([[['a'], 1]]),
  new Set(), new Set([1]), new Set(['1']), new Set([[1]]), new Set([undefined]),
  new Uint8Array(), new Uint8Array([1]), new Int8Array([1]), new Uint8ClampedArray([1]), new Uint16Array([1]), new Float32Array([1]),
  new BigInt64Array([1n]), new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), [1, 0], { 0: 1 },
  'caf\u00e9', 'cafe\u0301', { 'caf\u00e9': 1 }, { 'cafe\u0301': 1 },
  '\ud800', '\ufffd', { a: new Date(0) }, { a: new Map() }, { a: new Set() }, { a: 1n }, [new Map([['a', new Set([1])]])],
]; // biome-ignore format: a list to read

describe('hashQuery', () => {
  it('is SHA-256 as 64 hexadecimal digits', () => {
    // printf '%s' '{"page":d1,"q":"acme"}' | sha256sum
    expect(hashQuery({ q: 'acme', page: 1 })).toBe('10c565bd8efd5ae08ee58d40e13a1c8787fdf1e26bdfa174f6cc744f91cdf91d');
  });

  it('tells all of these apart', () => {
    const digests = DISTINCT.map((value) => hashQuery(value));
    for (const [index, digest] of digests.entries()) {
      const first = digests.indexOf(digest);
      expect(first, `${canonicalForm(DISTINCT[first])} and ${canonicalForm(DISTINCT[index])}`).toBe(index);
    }
  });

  it.each([
    [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    [{ a: undefined }, {}],
    [{ a: { x: 1, y: [1, { p: 1, q: 2 }] } }, { a: { y: [1, { q: 2, p: 1 }], x: 1 } }],
    [
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      new Map([
        ['b', 2],
        ['a', 1],
      ]),
    ],
    [new Set([1, 2]), new Set([2, 1])],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [Buffer.from([1, 2]), new Uint8Array([1, 2])],
    [new Array(1), [undefined]],
  ])('takes %o and %o for one query', (a, b) => {
    expect(hashQuery(a)).toBe(hashQuery(b));
  });

  it('does not depend on the order of properties', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (record) => {
        expect(hashQuery(Object.fromEntries(Object.entries(record).reverse()))).toBe(hashQuery(record));
      }),
    );
  });

  it('is injective over plain data, up to −0', () => {
    const values = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withObjectString: true,
      maxDepth: 3,
    });
    fc.assert(
      fc.property(values, values, (a, b) => {
        if (a === undefined || b === undefined) return;
        if (canonicalForm(a) === canonicalForm(b)) expect(loosely(a)).toEqual(loosely(b));
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes the same object twice for what it is, no cycle', () => {
    const shared = { a: 1 };
    expect(hashQuery([shared, shared])).toBe(hashQuery([{ a: 1 }, { a: 1 }]));
  });

  it.each([
    ['a function', { filters: [{}, { by: () => 1 }] }, 'query.filters[1].by is or holds a function'],
    ['a symbol', { a: Symbol('s') }, 'query.a is or holds a symbol'],
    ['a symbol as a name', { a: { [Symbol('s')]: 1 } }, 'query.a is or holds a symbol as a property name'],
    ['a class instance', { a: new URL('http://localhost') }, 'query.a is or holds a class instance'],
    ['an error', [new Error('x')], 'query[0] is or holds a class instance'],
    ['a function in a Map', new Map([['a', () => 1]]), 'query{0} is or holds a function'],
    ['a promise', Promise.resolve(), 'query is or holds a class instance'],
  ])('refuses %s with the path to it', (_what, query, message) => {
    expect(() => hashQuery(query)).toThrow(KeyError);
    expect(() => hashQuery(query)).toThrow(message);
  });

  it('refuses cycles and bottomless nesting without exhausting the stack', () => {
    const cycle: { a: { b?: unknown } } = { a: {} };
    cycle.a.b = cycle;
    expect(() => hashQuery(cycle)).toThrow('query.a.b is or holds a cycle');
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(() => hashQuery(deep)).toThrow('nesting deeper than 100 levels');
    expect(() => hashQuery(undefined)).toThrow(KeyError);
  });

  it('never shows a value in its messages', () => {
    expect(() => hashQuery({ password: () => 'hunter2' })).toThrow(
      expect.not.stringContaining('hunter2') as unknown as Error,
    );
  });
});

describe('text normalisation', () => {
  const same = (a: unknown, b: unknown) =>
    hashQuery(a, { normalizeText: true }) === hashQuery(b, { normalizeText: true });

  it.each([
    ['in a field', { q: '  Big \n Corp ' }, { q: 'big corp' }],
    [
      'in each of the fields',
      { query: 'A', text: 'B', search: 'C', term: 'D' },
      { query: 'a', text: 'b', search: 'c', term: 'd' },
    ],
    ['in an array of a field', { q: ['ACME', ['Corp']] }, { q: ['acme', ['corp']] }],
    ['in a Set of a field', { q: new Set(['ACME']) }, { q: new Set(['acme']) }],
    ['on every level', { filters: [{ q: 'ACME' }] }, { filters: [{ q: 'acme' }] }],
    ['in a Map', new Map([['q', 'ACME']]), new Map([['q', 'acme']])],
    ['and its Unicode form', { q: '\u00c9' }, { q: 'e\u0301' }],
  ])('ignores case and white space of what people type: %s', (_where, a, b) => {
    expect(same(a, b)).toBe(true);
  });

  it.each([
    ['an id', { q: 'x', tenant: 'Kx9Aq' }, { q: 'x', tenant: 'kX9aQ' }],
    ['a cursor in an array', [{ q: 'x' }, 'AbC'], [{ q: 'x' }, 'aBc']],
    ['white space of an id', { id: 'a b' }, { id: 'a  b' }],
    ['the Unicode form of an id', { id: 'caf\u00e9' }, { id: 'cafe\u0301' }],
    ['a field below one where people type', { q: { tenant: 'Kx9Aq' } }, { q: { tenant: 'kX9aQ' } }],
    ['the key of a Map', { q: new Map([['Kx9Aq', 1]]) }, { q: new Map([['kX9aQ', 1]]) }],
    ['a name', { Q: 'a' }, { q: 'a' }],
    ['a query that is a text', 'Kx9Aq', 'kX9aQ'],
    ['other letters', { q: 'stra\u00dfe' }, { q: 'strasse' }],
    ['words', { q: 'bigcorp' }, { q: 'big corp' }],
  ])('tells apart %s', (_what, a, b) => {
    expect(same(a, b)).toBe(false);
  });

  it('is of the fields that are named, instead of the usual ones', () => {
    const form = (query: unknown) => canonicalForm(query, { normalizeText: ['keywords'] });
    expect(form({ keywords: 'ACME' })).toBe(form({ keywords: 'acme' }));
    expect(form({ q: 'ACME' })).not.toBe(form({ q: 'acme' }));
    expect(() => canonicalForm({}, { normalizeText: 'q' as never })).toThrow('normalizeText must be');
  });

  it('never meets a text that another rule takes for exact', () => {
    expect(hashQuery({ q: 'acme' }, { normalizeText: true })).not.toBe(hashQuery({ q: 'acme' }));
  });

  it('is off by default', () => {
    expect(hashQuery('A')).not.toBe(hashQuery('a'));
  });
});

/** Values that the canonical form takes for equal, made equal for `toEqual`. */
function loosely(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_name, item: unknown) => {
      if (typeof item === 'bigint') return `bigint ${item}`;
      if (item instanceof Map) return { map: [...item].map((pair) => canonicalForm(pair)).sort() };
      if (item instanceof Set) return { set: [...item].map((member) => canonicalForm([member])).sort() };
      if (typeof item === 'number') return Object.is(item, -0) ? '-0' : String(item);
      return item;
    }),
  );
}
