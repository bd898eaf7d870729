import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { createCache, createCacheManager, type Logger, SerializationError } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';

function setup() {
  const warn = vi.fn();
  const logger: Logger = { debug() {}, info() {}, warn, error() {}, isLevelEnabled: () => false };
  const cache = createCache({ types: { lead: { ttl: '1h' } }, logger });
  return { cache, leads: cache.type('lead'), warn, manager: createCacheManager({ env: {}, logger }) };
}

const rows = [{ id: 7 }];
const query = () => Promise.resolve(rows);
/** As query builders do it: nothing is sent before somebody awaits it, and each time anew. */
function lazyQuery() {
  const send = vi.fn(query);
  const builder = {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
    then: (...handlers: Parameters<Promise<unknown>['then']>) => send().then(...handlers),
  };
  return { builder: builder as unknown as Promise<typeof rows>, send };
}

describe('a promise that is given as a value', () => {
  it.each([
    ['set', async ({ leads }: ReturnType<typeof setup>) => expect(await leads.set(1, query())).toBe(true)],
    [
      'setMany',
      async ({ leads }: ReturnType<typeof setup>) =>
        expect(
          await leads.setMany([
            [1, query()],
            [2, rows],
          ]),
        ).toBe(2),
    ],
    ['getOrSet', async ({ leads }: ReturnType<typeof setup>) => expect(await leads.getOrSet(1, query)).toBe(rows)],
    [
      'getOrSetMany',
      async ({ leads }: ReturnType<typeof setup>) =>
        expect(await leads.getOrSetMany([1], (missing) => missing.map(query))).toEqual([rows]),
    ],
    [
      'fill of a claim',
      async ({ leads }: ReturnType<typeof setup>) => {
        const claim = await leads.claim(1);
        expect(claim.hit || (await claim.fill(query()))).toBe(rows);
      },
    ],
  ])('%s: is awaited, and later readers get what it resolves to', async (_verb, store) => {
    const all = setup();
    await store(all);
    await settle();
    expect(await all.leads.get(1)).toEqual(rows);
    expect(all.warn).not.toHaveBeenCalled();
  });

  it.each([
    [
      'claimSearch',
      async ({ manager }: ReturnType<typeof setup>) => {
        const claim = await manager.claimSearch({ q: 'a' });
        expect(claim.hit || (await claim.fill(query())).results).toBe(rows);
      },
    ],
    ['cacheSearchResults', ({ manager }: ReturnType<typeof setup>) => manager.cacheSearchResults({ q: 'a' }, query())],
    ['set', ({ manager }: ReturnType<typeof setup>) => manager.set('search', { q: 'a' }, query())],
  ])('%s of a manager: the same, and the leads in it drop it', async (_verb, store) => {
    const all = setup();
    await store(all);
    expect((await all.manager.getCachedSearchResults({ q: 'a' }))?.results).toEqual(rows);
    await all.manager.invalidateLeadCache(7);
    expect(await all.manager.getCachedSearchResults({ q: 'a' })).toBeUndefined();
  });

  it('is asked once, also where that sends the query', async () => {
    const { leads } = setup();
    const { builder, send } = lazyQuery();
    await leads.setMany([[1, builder]]);
    const claim = await leads.claim(2);
    if (!claim.hit) await claim.fill(builder);
    expect(send).toHaveBeenCalledTimes(2);
    expect([await leads.get(1), await leads.get(2)]).toEqual([rows, rows]);
  });

  it('that fails is an error of the call, and stores nothing', async () => {
    const { leads, cache } = setup();
    const gone = new Error('the database is gone');
    await expect(leads.set(1, Promise.reject(gone))).rejects.toBe(gone);
    await expect(leads.set('', Promise.reject(gone))).rejects.toBe(gone);
    await expect(
      leads.setMany([
        [1, 'a'],
        [2, Promise.reject(gone)],
      ]),
    ).rejects.toBe(gone);
    const many = Array.from({ length: 1_200 }, (_, id) => [id, Promise.reject(gone)] as const);
    await expect(leads.setMany(many)).rejects.toBe(gone);
    expect(await leads.getMany([1, 2])).toEqual([undefined, undefined]);
    expect(cache.stats().lead.stored).toBe(0);
  });

  it('that fails ends its claim as a loader that fails', async () => {
    const { leads, cache } = setup();
    const claim = await leads.claim(1);
    const waiting = leads.getOrSet(1, () => 'loaded').catch((error: unknown) => error);
    await settle(); // it waits by now
    const gone = new Error('the database is gone');
    if (!claim.hit) await expect(claim.fill(Promise.reject(gone))).rejects.toBe(gone);
    expect(await waiting).toBe(gone);
    expect(cache.stats().lead).toMatchObject({ loadErrors: 1, stored: 0 });
  });

  it('counts as the first fill: a release or another fill that comes meanwhile is late', async () => {
    const { leads } = setup();
    const claim = await leads.claim(1);
    if (claim.hit) return;
    const filled = claim.fill(query());
    await Promise.all([claim.fill('late'), claim.release()]);
    await filled;
    expect(await leads.get(1)).toEqual(rows);
  });

  it('is awaited where the cache is not enabled, so that its error is not lost', async () => {
    const leads = createCache({ types: { lead: { ttl: '1h' } }, enabled: false, logger: false }).type('lead');
    await expect(leads.set(1, Promise.reject(new Error('gone')))).rejects.toThrow('gone');
    const claim = await leads.claim(1);
    if (!claim.hit) expect(await claim.fill(query())).toBe(rows);
  });
});

class Secret {
  readonly #value = 1;
  get value() {
    return this.#value;
  }
}

describe('a value that holds what JSON would lose', () => {
  it.each<[string, () => unknown, string]>([
    ['a promise', () => Promise.resolve(1), 'a promise'],
    ['a promise of another realm', () => runInNewContext('Promise.resolve(1)'), 'a promise'],
    ['what an asynchronous toJSON makes', () => ({ toJSON: async () => 1 }), 'a promise'],
    ['a stream', () => Readable.from(['a']), 'a stream'],
    ['a stream of the web', () => new Blob(['a']).stream(), 'a stream'],
    ['an asynchronous generator', () => (async function* () {})(), 'a stream'],
    ['a generator', () => [1][Symbol.iterator](), 'an iterator'],
    ['a function', () => () => 1, 'a function'],
    ['a symbol', () => Symbol('x'), 'a symbol'],
    ['a boxed symbol', () => Object(Symbol('x')), 'a symbol'],
    ['a BigInt', () => 1n, 'a BigInt'],
    ['a boxed BigInt', () => Object(1n), 'a BigInt'],
    ['a Map', () => new Map([[1, 2]]), 'a Map'],
    ['a Map of another realm', () => runInNewContext('new Map([[1, 2]])'), 'a Map'],
    ['a Set', () => new Set([1]), 'a Set'],
    ['a RegExp', () => /a/, 'a RegExp'],
    ['an error', () => Object.assign(new Error('x'), { code: 1 }), 'an error'],
    ['a WeakMap', () => new WeakMap(), 'an instance of WeakMap'],
    ['a WeakRef', () => new WeakRef({}), 'an instance of WeakRef'],
    ['an ArrayBuffer', () => new ArrayBuffer(1), 'an instance of ArrayBuffer'],
    ['a DataView', () => new DataView(new ArrayBuffer(1)), 'an instance of DataView'],
    ['a Blob', () => new Blob(['a']), 'an instance of Blob'],
    ['URLSearchParams', () => new URLSearchParams('a=1'), 'an instance of URLSearchParams'],
    ['an instance with private state', () => new Secret(), 'an instance of Secret'],
  ])('is refused: %s', async (_what, part, named) => {
    const { leads, manager, warn } = setup();
    const value = { rows: [{ part: part() }] };
    expect(await leads.getOrSet(1, () => value)).toBe(value);
    expect(await leads.set(2, value)).toBe(false);
    expect(await leads.setMany([[3, { rows: [part()] }]])).toBe(0);
    const claim = await leads.claim(4);
    if (!claim.hit) expect(await claim.fill(value)).toBe(value);
    expect(await manager.cacheSearchResults({ q: 'a' }, [value])).toBe(false);
    await settle();
    expect(await leads.getMany([1, 2, 3, 4])).toEqual([undefined, undefined, undefined, undefined]);
    const [{ err }, message] = warn.mock.calls[0] as [{ err: Error }, string];
    expect([message, SerializationError.is(err)]).toEqual(['value not cached', true]);
    expect(err.message).toMatch(/^The value has no JSON form: \$\.rows\[0\]\.part is /);
    expect(err.message).toContain(named);
    expect(warn).toHaveBeenCalledTimes(5);
  });

  it('is refused wherever it stands, far into the value too', async () => {
    const { leads, warn } = setup();
    const value = { rows: Array.from({ length: 20_000 }, (_, id) => ({ id })), last: Promise.resolve() };
    expect(await leads.set(1, value)).toBe(false);
    expect(String(warn.mock.calls[0]?.[0].err)).toContain('it holds a promise');
    let deep: unknown = () => 1;
    for (let level = 0; level < 300; level++) deep = [deep];
    expect(await leads.set(1, deep)).toBe(false);
  });

  it('is kept where a codec keeps it', async () => {
    const codec = {
      encode: ({ tags }: { tags: Set<string> }) => Buffer.from([...tags].join()),
      decode: (bytes: Uint8Array) => ({ tags: new Set(Buffer.from(bytes).toString().split(',')) }),
    };
    const cache = createCache({ types: { lead: { ttl: '1h', codec } }, logger: false });
    await cache.type('lead').set(1, { tags: new Set(['a', 'b']) });
    expect(await cache.type('lead').get(1)).toEqual({ tags: new Set(['a', 'b']) });
  });
});

describe('a value that JSON keeps in another form is kept, and said', () => {
  it.each<[string, unknown, unknown, string | undefined]>([
    ['a Date', new Date(0), '1970-01-01T00:00:00.000Z', 'a Date'],
    ['an invalid Date', new Date(Number.NaN), null, 'an invalid Date: it comes back as null'],
    ['NaN', Number.NaN, null, 'NaN: it comes back as null'],
    ['infinity', Number.POSITIVE_INFINITY, null, 'Infinity: it comes back as null'],
    ['undefined in an array', [undefined], [null], 'undefined: it comes back as null'],
    ['a hole', new Array(1), [null], 'undefined: it comes back as null'],
    ['an array with a property', Object.assign([1], { total: 2 }), [1], 'an array with a property of its own'],
    ['bytes', new Uint8Array([7]), { 0: 7 }, 'a Uint8Array'],
    ['a Buffer', Buffer.from([7]), { type: 'Buffer', data: [7] }, 'a Buffer'],
    [
      'an instance',
      new (class Money {
        cents = 5;
      })(),
      { cents: 5 },
      'an instance of Money',
    ],
    ['a boxed text', Object('a'), 'a', 'an instance of String'],
    ['a name that is a symbol', { a: 1, [Symbol('x')]: 2 }, { a: 1 }, 'a property named by a symbol'],
    ['__proto__', JSON.parse('{"a":1,"__proto__":2}'), { a: 1 }, 'a property __proto__'],
    ['a URL', new URL('http://a/'), 'http://a/', undefined],
    [
      'a getter',
      {
        get a() {
          return 1;
        },
      },
      { a: 1 },
      undefined,
    ],
    ['a property of value undefined', { a: undefined }, {}, undefined],
    ['half a surrogate pair', '\ud800', '\ud800', undefined],
    ['minus zero', -0, 0, undefined],
  ])('%s', async (_what, part, back, said) => {
    const { leads, warn } = setup();
    expect(await leads.set(1, { part })).toBe(true);
    expect(await leads.get(1)).toEqual({ part: back });
    const losses = warn.mock.calls.map(([{ loss }]) => loss as string);
    expect(losses).toEqual(said === undefined ? [] : [expect.stringContaining(said)]);
  });
});
