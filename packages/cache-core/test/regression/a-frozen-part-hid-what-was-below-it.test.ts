import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { clone } from '../../src/engine/parts.ts';
import {
  type CacheTypeOptions,
  type Codec,
  createCache,
  type Logger,
  memoryStore,
  type Schema,
  type TypedCache,
} from '../../src/index.ts';

interface Given {
  readonly codec?: Codec<never>;
  readonly schema?: Schema;
  readonly share?: 'freeze' | 'clone' | 'trust';
}

/** What one caller reads, and what the next one reads after he has changed it as best he can. */
async function readTwice({ codec, schema, share = 'freeze' }: Given, value: unknown, change: (read: never) => void) {
  const warn = vi.fn();
  const logger: Logger = { debug() {}, info() {}, warn, error() {}, isLevelEnabled: () => false };
  const lead: CacheTypeOptions<never> = {
    ttl: '1h',
    ...(codec && { codec }),
    ...(schema && ({ schema, validate: 'read' } as const)),
  };
  const cache = createCache({ types: { lead }, local: { share }, store: memoryStore(), logger });
  const leads = cache.type('lead') as TypedCache<unknown>;
  await leads.set(1, value);
  await new Promise((resolve) => process.nextTick(resolve)); // the channel is open by now
  const reads = [leads.get(1), leads.getOrSet(1, () => expect.fail('there is one'))] as const;
  const errors: unknown[] = [];
  for (const read of [...(await Promise.all(reads)), await leads.get(1), await leads.getOrSet(1, () => null)]) {
    try {
      change(read as never);
    } catch (error) {
      errors.push(error);
    }
  }
  const last = await leads.get(1);
  const { localHits } = cache.stats().lead;
  await cache.close();
  return { last, localHits, errors, warnings: warn.mock.calls.filter(([fields]) => 'holds' in fields) };
}

/** Bytes that stand for values which no form of text keeps. */
const making = (make: () => unknown): Codec<never> => ({ encode: () => Buffer.from('x'), decode: make });

describe('a value of which parts are frozen at the top', () => {
  it('is frozen below them, as zod’s readonly() leaves it', async () => {
    const schema = z.object({ rows: z.array(z.object({ tags: z.array(z.string()) })).readonly() }).readonly();
    const value = { rows: [{ tags: ['a'] }] };
    const { last, localHits, errors } = await readTwice({ schema }, value, (read: typeof value) => {
      read.rows[0]?.tags.push('changed');
    });
    expect(last).toEqual(value);
    expect(localHits).toBeGreaterThan(0);
    for (const error of errors) expect(error).toBeInstanceOf(TypeError);
  });

  it('is walked once, whatever refers to whatever in it', async () => {
    const make = () => {
      const node: { self?: unknown; list: string[]; [name: symbol]: unknown } = {
        list: ['a'],
        [Symbol.for('x')]: { deep: ['a'] },
      };
      node.self = Object.freeze({ node, more: ['a'] });
      return node;
    };
    const { last } = await readTwice({ codec: making(make) }, {}, (read: ReturnType<typeof make>) => {
      for (const list of [(read.self as { more: string[] }).more, (read[Symbol.for('x')] as { deep: string[] }).deep]) {
        expect(() => list.push('changed')).toThrow(TypeError);
      }
    });
    expect(last).toEqual(make());
  });
});

describe('what freezing does not protect', () => {
  it.each<[string, () => unknown, (part: never) => void]>([
    ['a Date', () => new Date(0), (part: Date) => part.setTime(1)],
    ['a Map', () => new Map([['a', [1]]]), (part: Map<string, number[]>) => part.get('a')?.push(2) && part.clear()],
    ['a Set', () => new Set([1]), (part: Set<number>) => part.add(2)],
    ['a RegExp', () => /a/g, (part: RegExp) => part.test('a')],
    ['a Buffer', () => Buffer.from('a'), (part: Buffer) => part.write('b')],
    ['a Uint8Array', () => new Uint8Array([1]), (part: Uint8Array) => part.set([2])],
    ['an ArrayBuffer', () => new Uint8Array([1]).buffer, (part: ArrayBuffer) => new Uint8Array(part).set([2])],
    ['a DataView', () => new DataView(new Uint8Array([1, 2]).buffer, 1), (part: DataView) => part.setInt8(0, 9)],
  ])('%s is cloned for each caller, and said once', async (what, make, change) => {
    const value = () => ({ parts: [{ part: make() }] });
    const { last, localHits, warnings, errors } = await readTwice(
      { codec: making(value) },
      {},
      (read: { parts: { part: never }[] }) => {
        for (const { part } of read.parts) change(part);
      },
    );
    expect(last).toEqual(value());
    const [part] = (last as ReturnType<typeof value>).parts;
    expect(Object.getPrototypeOf(part?.part)).toBe(Object.getPrototypeOf(make()));
    expect([localHits > 0, errors]).toEqual([true, []]);
    expect(warnings).toEqual([[{ type: 'lead', holds: what }, expect.stringContaining('gets a clone')]]);
  });

  class Counter {
    #count = 0;
    add() {
      return ++this.#count;
    }
    get count() {
      return this.#count;
    }
  }
  class Days extends Date {
    #name = '';
    rename(name: string) {
      this.#name = name;
    }
    get name() {
      return this.#name;
    }
  }

  it.each<[string, 'freeze' | 'clone', () => object, (part: never) => void]>([
    ['an instance of Counter', 'freeze', () => new Counter(), (part: Counter) => part.add()],
    ['an instance of Counter', 'clone', () => new Counter(), (part: Counter) => part.add()],
    ['an instance of Days', 'freeze', () => new Days(0), (part: Days) => part.rename('changed')],
    ['an instance of URL', 'freeze', () => new URL('http://a/'), (part: URL) => part.searchParams.set('a', '1')],
    ['a function', 'freeze', () => Object.assign(() => 1, { calls: 0 }), (part: { calls: number }) => part.calls++],
  ])('%s: there is no copy of it (%s), and that is said once', async (what, share, make, change) => {
    const value = () => ({ part: make() });
    const { last, localHits, warnings } = await readTwice(
      { codec: making(value), share },
      {},
      (read: { part: never }) => change(read.part),
    );
    const show = ({ part }: { part: object }) => [
      Reflect.get(part, 'count'),
      Reflect.get(part, 'name'),
      String(Reflect.get(part, 'href')),
    ];
    expect(show(last as { part: object })).toEqual(show(value()));
    expect(localHits).toBe(0);
    expect(warnings).toEqual([[{ type: 'lead', holds: what }, expect.stringContaining('no local copies')]]);
  });
});

it('a clone is equal to its original and shares no object with it', () => {
  const values = fc.anything({
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    maxDepth: 4,
  });
  fc.assert(
    fc.property(values, (value) => {
      expect(clone(value)).toStrictEqual(value);
      if (typeof value === 'object' && value !== null) expect(clone(value)).not.toBe(value);
    }),
  );
  const own = JSON.parse('{"a":{"__proto__":{"b":1},"length":3,"lastIndex":4}}');
  expect(JSON.stringify(clone(own))).toBe(JSON.stringify(own));
});
