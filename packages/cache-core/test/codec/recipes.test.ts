import { Packr } from 'msgpackr';
import superjson from 'superjson';
import { describe, expect, it, vi } from 'vitest';
import { type Codec, createCache, memoryStore } from '../../src/index.ts';

/** As in docs/values.md. */
const richJson: Codec = {
  encode: (value) => Buffer.from(superjson.stringify(value)),
  decode: (bytes) => superjson.parse(Buffer.from(bytes).toString()),
};

/** As in docs/values.md. `structuredClone`: Sets, BigInts that are large, and cycles, too. */
const packr = new Packr({ structuredClone: true });
const msgpack: Codec = { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };

const value = {
  at: new Date(86_400_000),
  byId: new Map([['a', { n: 1 }]]),
  seen: new Set([1, 2]),
  big: 2n ** 60n,
  sum: Number.NaN,
  sparse: [1, undefined, 3],
  nothing: null,
  text: 'é'.repeat(10_000),
};

describe.each([
  ['superjson', richJson],
  ['msgpackr', msgpack],
])('the codec from %s', (_name, codec) => {
  it.each([false, true])('keeps what JSON would change (compress: %s)', async (compress) => {
    const reports = createCache({ types: { report: { ttl: '1h', codec, compress } }, logger: false }).type('report');
    const load = vi.fn(async () => value);
    expect(await reports.getOrSet(1, load)).toBe(value);
    expect(await reports.getOrSet(1, load)).toEqual(value);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it.each([null, 0, '', false, [], 'text'])('keeps %j', async (plain) => {
    const reports = createCache({ types: { report: { ttl: '1h', codec } }, logger: false }).type('report');
    expect(await reports.set(1, plain)).toBe(true);
    expect(await reports.get(1)).toEqual(plain);
  });

  it('takes plain JSON, as a type without it has stored, for a miss', async () => {
    const store = memoryStore();
    await createCache({ types: { report: { ttl: '1h' } }, logger: false, store })
      .type('report')
      .set(1, { id: 1 });
    const reports = createCache({ types: { report: { ttl: '1h', codec } }, logger: false, store });
    expect(await reports.type('report').get(1)).toBeUndefined();
    expect(reports.stats().report).toMatchObject({ unreadable: 1, misses: 1 });
  });

  it('takes what it cannot read for a miss', async () => {
    const broken: Codec = { encode: () => Buffer.from([0xc1, 0xc1, 0x7b]), decode: codec.decode };
    const reports = createCache({ types: { report: { ttl: '1h', codec: broken } }, logger: false });
    await reports.type('report').set(1, value);
    expect(await reports.type('report').get(1)).toBeUndefined();
    expect(reports.stats().report).toMatchObject({ unreadable: 1, misses: 1 });
  });
});
