import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  type CacheTypeOptions,
  cacheType,
  createCache,
  type Logger,
  memoryStore,
  type Schema,
  type Validate,
  ValueRejectedError,
} from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

function loggedCache<const T extends CacheTypeOptions<never>>(lead: T, store = memoryStore()) {
  const warn = vi.fn();
  const logger: Logger = { debug() {}, info() {}, warn, error() {}, isLevelEnabled: () => false };
  const cache = createCache({ types: { lead }, logger, store });
  return { cache, leads: cache.type('lead'), warn };
}

const schemas: [string, Schema<{ id: number; email: string }>][] = [
  ['zod', z.object({ id: z.number(), email: z.string() })],
  ['valibot', v.object({ id: v.number(), email: v.string() })],
  ['arktype', type({ id: 'number', email: 'string' })],
  ['an asynchronous schema', z.object({ id: z.number(), email: z.string() }).refine(async ({ id }) => id > 0)],
];
const ada = { id: 1, email: 'ada@example.com' };
const bad = { id: 1, email: ['ada@example.com'] } as never;

describe.each(schemas)('a schema of %s', (_name, schema) => {
  it('lets what fits through', async () => {
    const { leads, cache } = loggedCache({ ttl: '1h', schema });
    expect(await leads.getOrSet(1, () => ada)).toBe(ada);
    expect(await leads.get(1)).toEqual(ada);
    expect(await leads.set(2, ada)).toBe(true);
    expect(cache.stats().lead).toMatchObject({ stored: 2, uncacheable: 0, unreadable: 0 });
  });

  it('returns what does not fit to its caller, uncached; the log shows where, not what', async () => {
    const { leads, cache, warn } = loggedCache({ ttl: '1h', schema });
    expect(await leads.getOrSet(1, () => bad)).toBe(bad);
    expect(await leads.get(1)).toBeUndefined();
    expect(await leads.set(1, bad)).toBe(false);
    const claim = await leads.claim(1);
    expect(claim.hit || (await claim.fill(bad))).toBe(bad);
    expect(cache.stats().lead).toMatchObject({ stored: 0, uncacheable: 3 });
    expect(warn).toHaveBeenCalledTimes(3);
    const [{ err }, message] = warn.mock.calls[0] as [{ err: Error }, string];
    expect(message).toBe('value not cached');
    expect(ValueRejectedError.is(err)).toBe(true);
    expect(err.message).toBe('The value does not fit the schema of its type at $.email.');
    expect(JSON.stringify([err.stack, err.cause])).not.toContain('ada@');
  });

  it('takes for a miss what fits no more, and loads it anew', async () => {
    const store = memoryStore();
    await loggedCache({ ttl: '1h' }, store).leads.set(1, { id: 1, mail: 'yesterday' });
    const { leads, cache } = loggedCache({ ttl: '1h', schema }, store);
    expect(await leads.get(1)).toBeUndefined();
    expect(await leads.getOrSet(1, () => ada)).toBe(ada);
    expect(await leads.get(1)).toEqual(ada);
    expect(cache.stats().lead).toMatchObject({ unreadable: 2, loads: 1, stored: 1 });
  });
});

describe('validate', () => {
  it.each<[Validate, boolean, boolean]>([
    ['both', false, false],
    ['fill', false, true],
    ['read', true, false],
    ['off', true, true],
  ])('%s: stores what does not fit: %s; reads it: %s', async (validate, isStored, isRead) => {
    const schema = z.object({ id: z.number() });
    const store = memoryStore();
    const { leads } = loggedCache({ ttl: '1h', schema, validate }, store);
    expect(await leads.set(1, { id: 'x' } as never)).toBe(isStored);
    await loggedCache({ ttl: '1h' }, store).leads.set(2, { id: 'x' });
    expect((await leads.get(2)) !== undefined).toBe(isRead);
  });

  it('gives readers what the schema makes of the stored value', async () => {
    const schema = z.object({ at: z.coerce.date(), source: z.string().default('crm') });
    const { leads, warn } = loggedCache({ ttl: '1h', schema });
    const loaded = { at: new Date(0), source: 'web', secret: 'not in the schema' };
    expect(await leads.getOrSet(1, () => loaded)).toBe(loaded);
    expect(await leads.get(1)).toEqual({ at: new Date(0), source: 'web' });
    expect(warn).not.toHaveBeenCalled();
  });

  it('read alone suits a schema that takes other values than it makes', async () => {
    const schema = z.object({ at: z.iso.datetime().transform((text) => new Date(text)) });
    const { leads } = loggedCache({ ttl: '1h', schema, validate: 'read' });
    await leads.set(1, { at: new Date(0) });
    expect(await leads.get(1)).toEqual({ at: new Date(0) });
  });

  it('names the first places of many, and none that may be private', async () => {
    const { leads, warn } = loggedCache({ ttl: '1h', schema: z.record(z.string(), z.array(z.number())) });
    await leads.set(1, { 'ada@example.com': ['x'], rows: [1, 'x', 'y', 'z', 'x', 'x', 'x'] } as never);
    const [{ err }] = warn.mock.calls[0] as [{ err: Error }];
    expect(err.message).toBe(
      'The value does not fit the schema of its type at $[*][0], $.rows[1], $.rows[2], $.rows[3], $.rows[4] and 2 more.',
    );
  });
});

describe('a value that JSON changes', () => {
  it('is cached all the same, and said once for its type', async () => {
    const { leads, warn } = loggedCache({ ttl: '1h' });
    const value = { rows: [{ createdAt: new Date(0) }] };
    expect(await leads.getOrSet(1, () => value)).toBe(value);
    expect(await leads.get(1)).toEqual({ rows: [{ createdAt: '1970-01-01T00:00:00.000Z' }] });
    await leads.set(2, Buffer.from('a'));
    expect(warn.mock.calls).toEqual([
      [
        { type: 'lead', loss: '$.rows[0].createdAt is a Date: it comes back as a text' },
        'JSON changes values of this type',
      ],
    ]);
  });

  it('without a JSON form is returned uncached', async () => {
    const { leads, cache, warn } = loggedCache({ ttl: '1h' });
    expect(await leads.getOrSet(1, () => ({ id: 1n }))).toEqual({ id: 1n });
    expect(await leads.set(1, { id: 1n })).toBe(false);
    expect(cache.stats().lead).toMatchObject({ uncacheable: 2, stored: 0 });
    const [{ err }] = warn.mock.calls[0] as [{ err: Error }];
    expect(err.message).toBe('The value has no JSON form: $.id is a BigInt.');
  });
});

describe('compression', () => {
  it.each([true, { thresholdBytes: 100 }])('%j: the store holds less, the reader gets all', async (compress) => {
    const store = memoryStore();
    const { leads } = loggedCache({ ttl: '1h', compress }, store);
    const value = { text: 'a'.repeat(9_000) };
    const claim = await leads.claim(1);
    if (!claim.hit) await claim.fill(value);
    expect(await leads.get(1)).toEqual(value);
    const [reply] = await store.read([
      { text: leads.keyOf(1), scope: { namespace: undefined, type: 'lead' }, acceptsForeign: false },
    ]);
    expect(reply?.kind === 'hit' && reply.entry.bytes.byteLength).toBeLessThan(200);
    expect(await loggedCache({ ttl: '1h' }, store).leads.get(1)).toEqual(value);
  });

  it('does not lose a failing TTL or tags function', async () => {
    const failing = cacheType<string>({ ttl: '1h', compress: { thresholdBytes: 1 }, tags: () => ['x'.repeat(501)] });
    const { leads, cache, warn } = loggedCache(failing);
    expect(await leads.getOrSet(1, () => 'a'.repeat(100))).toHaveLength(100);
    expect(await leads.set(1, 'a'.repeat(100))).toBe(false);
    expect(cache.stats().lead).toMatchObject({ uncacheable: 2, stored: 0 });
    expect(warn).toHaveBeenCalledTimes(2);
  });
});

describe('negativeTtl', () => {
  const clock = new FakeClock();
  const cache = createCache({
    types: {
      lead: { ttl: '1h', negativeTtl: '10s', jitter: 0 },
      quote: cacheType<{ price: number } | null>({
        ttl: (quote) => (quote === null ? expect.fail('asked of null') : '2h'),
        negativeTtl: 20,
        jitter: 0,
      }),
      jittered: { ttl: '1h', negativeTtl: '100s', jitter: 0.5 },
    },
    logger: false,
    clock,
    random: () => 1,
  });
  const ttlAfter = async (name: 'lead' | 'quote' | 'jittered', value: unknown, options = {}) => {
    const cached = cache.type(name) as {
      getOrSet(id: number, load: () => unknown, options: object): Promise<unknown>;
      getTtl(id: number): Promise<number>;
      invalidate(id: number): Promise<unknown>;
    };
    await cached.invalidate(1);
    await cached.getOrSet(1, () => value, options);
    return cached.getTtl(1);
  };

  it('is the TTL of null, and of nothing else', async () => {
    expect(await ttlAfter('lead', null)).toBe(10);
    for (const value of [0, '', false, [], {}]) expect(await ttlAfter('lead', value)).toBe(3600);
  });

  it('comes before a TTL function of the type, and is shortened by jitter', async () => {
    expect(await ttlAfter('quote', null)).toBe(20);
    expect(await ttlAfter('quote', { price: 1 })).toBe(7200);
    expect(await ttlAfter('jittered', null)).toBe(50);
  });

  it('gives way to the TTL of a call', async () => {
    expect(await ttlAfter('lead', null, { ttl: '5m' })).toBe(300);
  });
});

describe('grace', () => {
  it('is added to how long the store keeps an entry, not to how long it is fresh', async () => {
    const store = memoryStore();
    const fill = vi.spyOn(store, 'fill');
    const cache = createCache({ types: { lead: { ttl: '10s', jitter: 0, grace: '1m' } }, logger: false, store });
    const leads = cache.type('lead');
    await leads.set(1, 'Ada');
    await leads.set(2, 'Ada', { grace: 0 });
    await leads.set(3, 'Ada', { ttl: '20s', grace: '1s' });
    const times = fill.mock.calls.map(([, { freshForMs, expiresInMs }]) => [freshForMs, expiresInMs]);
    expect(times).toEqual([
      [10_000, 70_000],
      [10_000, 10_000],
      [20_000, 21_000],
    ]);
    await expect(leads.set(1, 'Ada', { grace: 'soon' as never })).rejects.toThrow('grace must be seconds');
  });
});
