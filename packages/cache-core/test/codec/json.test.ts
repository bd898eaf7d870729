import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson } from '../../src/codec/json.ts';
import { changedByJson } from '../../src/codec/json-losses.ts';
import { LossWatch } from '../../src/codec/loss-watch.ts';

class Money {
  readonly cents = 5;
}
class Isbn {
  toJSON() {
    return '978';
  }
}
class Row {
  toJSON() {
    return { at: new Date(0) };
  }
}
const bytesOf = (text: string) => Buffer.from(text);

describe('changedByJson names', () => {
  it.each<[string, unknown, string]>([
    ['a Date', { rows: [1, { createdAt: new Date(0) }] }, '$.rows[1].createdAt is a Date: it comes back as a text'],
    ['a Map', [new Map([[1, 2]])], '$[0] is a Map'],
    ['a Set', { tags: new Set([1]) }, '$.tags is a Set'],
    ['bytes', { raw: Buffer.from('a') }, '$.raw is a Buffer: it comes back as a plain object'],
    ['NaN', { sum: Number.NaN }, '$.sum is NaN: it comes back as null'],
    ['infinity', Number.NEGATIVE_INFINITY, '$ is -Infinity: it comes back as null'],
    ['undefined in an array', [1, undefined], '$[1] is undefined: it comes back as null'],
    ['a hole in an array', Array(1), '$[0] is undefined: it comes back as null'],
    ['an instance', { price: new Money() }, '$.price is an instance of Money: it comes back without its class'],
    ['an error', { e: new TypeError('x') }, '$.e is an error, an instance of TypeError'],
    ['a function', { run() {} }, '$.run is a function'],
    ['a symbol in an array', [Symbol('x')], '$[0] is a symbol'],
    ['a symbol as a name', { [Symbol('x')]: 1 }, '$ is an object with a property named by a symbol: it is left out'],
    ['__proto__', JSON.parse('{"a":{"__proto__":1}}'), '$.a is an object with a property __proto__: it is left out'],
    [
      'what a toJSON returns',
      { row: new Row() },
      '$.row is a Date: it comes back as a text'.replace('$.row', '$.row.at'),
    ],
    ['nothing that may be private', { 'ada@example.com': new Date(0) }, '$[*] is a Date: it comes back as a text'],
  ])('%s', (_what, value, sentence) => {
    const loss = changedByJson(value);
    expect(`${loss?.path} is ${loss?.what}`).toBe(sentence);
  });

  it.each<[string, unknown]>([
    ['plain data', { a: [1, 'b', null, true, { c: -0 }] }],
    ['a property of value undefined', { a: undefined }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['what chooses its own form', { isbn: new Isbn(), url: new URL('http://a') }],
    ['the same object twice', [{ a: 1 }, { a: 1 }].fill({ a: 1 })],
    ['a value whose getter throws', Object.defineProperty({}, 'a', { enumerable: true, get: () => expect.fail() })],
  ])('nothing in %s', (_what, value) => {
    expect(changedByJson(value)).toBeUndefined();
  });

  it('nothing in anything that JSON keeps', () => {
    const hasProto = (value: unknown) => JSON.stringify(value).includes('__proto__'); // which a read drops
    const kept = fc.jsonValue().filter((value) => !hasProto(value));
    fc.assert(fc.property(kept, (value) => changedByJson(value) === undefined));
  });

  it('something in whatever JSON does not keep', () => {
    const anything = fc.anything({
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        let text: string | undefined;
        try {
          text = JSON.stringify(value);
        } catch {
          return; // refused, not changed
        }
        if (text === undefined || changedByJson(value)) return;
        expect(withoutUndefined(JSON.parse(text))).toEqual(withoutUndefined(value));
      }),
      { numRuns: 2_000 },
    );
  });

  it('what is near the front of a value without end', () => {
    expect(changedByJson(Array.from({ length: 1_000_000 }, () => 1))).toBeUndefined();
    expect(changedByJson([new Date(0), ...Array(1_000_000).fill(1)])?.path).toBe('$[0]');
  });
});

/** `-0` and properties of value `undefined` are not counted as changes. */
function withoutUndefined(value: unknown): unknown {
  if (value === 0) return 0;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutUndefined);
  const entries = Object.entries(value).filter(([, property]) => property !== undefined);
  return Object.fromEntries(entries.map(([name, property]) => [name, withoutUndefined(property)]));
}

describe('LossWatch', () => {
  it('says the first loss, and no other', () => {
    const watch = new LossWatch(() => '');
    expect(watch.look({ a: 1 })).toBeUndefined();
    expect(watch.look({ at: new Date(0) })).toBe('$.at is a Date: it comes back as a text');
    expect(watch.look({ map: new Map() })).toBeUndefined();
  });

  it('looks at each of the first 100 values, then at one in 100', () => {
    let looks = 0;
    const value = {
      get name() {
        looks++;
        return 'Ada';
      },
    };
    const watch = new LossWatch(() => '');
    for (let turn = 0; turn < 100; turn++) watch.look(value);
    expect(looks).toBe(100);
    for (let turn = 100; turn < 1_000; turn++) watch.look(value);
    expect(looks).toBe(109);
  });
});

describe('encodeJson names what has no JSON form', () => {
  const cycle: { rows: unknown[] } = { rows: [] };
  cycle.rows.push(cycle);
  it.each<[unknown, string]>([
    [{ at: new Date(0), ids: [1n] }, 'The value has no JSON form: $.ids[0] is a BigInt.'],
    [cycle, 'The value has no JSON form: $.rows[0] is a cycle.'],
    [{ toJSON: () => expect.fail('secret') }, 'The value has no JSON form: a toJSON or a getter throws.'],
    [undefined, 'A undefined has no JSON form.'],
    [() => 1, 'The value has no JSON form: $ is a function.'],
  ])('%#', (value, message) => {
    expect(() => encodeJson(value)).toThrow(message);
  });
});

describe('decodeJson', () => {
  it.each(['{"__proto__":{"isAdmin":true},"a":1}', '{"\\u005F_pr\\u006fto__" : {"isAdmin":true},"a":1}'])(
    'leaves __proto__ out: %s',
    (text) => {
      const copy = Object.assign({}, decodeJson(bytesOf(text)));
      expect(copy).toEqual({ a: 1 });
      expect((copy as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    },
  );

  it('leaves it out wherever it stands, and nothing else', () => {
    const text = '{"rows":[{"__proto__":[],"__typename":"Lead"}],"note":"\\"__proto__\\":"}';
    expect(decodeJson(bytesOf(text))).toEqual({ rows: [{ __typename: 'Lead' }], note: '"__proto__":' });
    expect(Object.hasOwn((decodeJson(bytesOf(text)) as { rows: [object] }).rows[0], '__proto__')).toBe(false);
  });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const kept = JSON.parse(JSON.stringify(value), (name, inner) => (name === '__proto__' ? undefined : inner));
        expect(decodeJson(encodeJson(value))).toEqual(kept);
      }),
    );
  });

  it('says of other bytes only that they are not JSON', () => {
    expect(() => decodeJson(bytesOf('{"password":'))).toThrow('The stored bytes are not JSON.');
  });
});
