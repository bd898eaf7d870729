import { describe, expect, it, vi } from 'vitest';
import { CacheConfigError, CacheError, createCache, createCacheManager, KeyError, memoryStore } from '../src/index.ts';

const open = () =>
  createCache({ types: { lead: { ttl: '1h' }, search: { ttl: 60, identifier: 'query' } }, logger: false });
const loose = (value: unknown) => value as never;
const BAD_TTLS = [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 'soon', 60_000_000, '', null, {}, '60'];

describe('createCache refuses', () => {
  it.each([
    ['no types', undefined, 'types must be an object'],
    ['types that are no object', 'lead', 'types must be an object'],
    ['an empty type name', { '': { ttl: 1 } }, 'must be 1–64 letters'],
    ['a reserved type name', { tag: { ttl: 1 } }, 'The type "tag" cannot be named'],
    ['a type named popular_searches', { popular_searches: { ttl: 1 } }, 'reserved'],
    ['a type name with a separator', { 'a:b': { ttl: 1 } }, 'must be 1–64 letters'],
    ['a type without settings', { lead: null }, 'types.lead must be an object'],
    ['a type without a TTL', { lead: {} }, 'types.lead.ttl is missing'],
    [
      'too much jitter',
      { lead: { ttl: 1, jitter: 2 } },
      'types.lead.jitter must be a number from 0 to 0.5; got the number 2',
    ],
    [
      'a bad identifier kind',
      { lead: { ttl: 1, identifier: 'md5' } },
      "types.lead.identifier must be 'text', 'private' or 'query'",
    ],
    ['bad tags', { lead: { ttl: 1, tags: 'acme' } }, 'types.lead.tags must be'],
    ['a bad condition', { lead: { ttl: 1, condition: true } }, 'types.lead.condition must be'],
    [
      'an unknown setting',
      { lead: { tttl: 1, ttl: 1 } },
      'types.lead.tttl is no setting of a type; its settings are ttl, ',
    ],
    ['bad tags in a list', { lead: { ttl: 1, tags: [''] } }, 'types.lead.tags must be'],
    ['a lease that no timer holds', { lead: { ttl: 1, lease: '90d' } }, 'types.lead.lease must be at most "1h"'],
    ['a bad lease', { lead: { ttl: 1, lease: 'long' } }, 'types.lead.lease must be'],
    [
      'a schema that is none',
      { lead: { ttl: 1, schema: { parse() {} } } },
      'types.lead.schema must be a Standard Schema',
    ],
    [
      'a bad validate',
      { lead: { ttl: 1, validate: true } },
      "types.lead.validate must be 'fill', 'read', 'both' or 'off'",
    ],
    [
      'half a codec',
      { lead: { ttl: 1, codec: { encode() {} } } },
      'types.lead.codec must be an object with the functions',
    ],
    [
      'a bad compress',
      { lead: { ttl: 1, compress: 8000 } },
      'types.lead.compress must be true, false or { thresholdBytes }',
    ],
    [
      'a bad threshold',
      { lead: { ttl: 1, compress: { thresholdBytes: 0 } } },
      'types.lead.compress.thresholdBytes must be a number',
    ],
    ['a bad negativeTtl', { lead: { ttl: 1, negativeTtl: 0 } }, 'types.lead.negativeTtl must be'],
    ['a bad grace', { lead: { ttl: 1, grace: -1 } }, 'types.lead.grace must be'],
    [
      'a softTimeout that no timer holds',
      { lead: { ttl: 1, softTimeout: '2h' } },
      'types.lead.softTimeout must be at most "1h"',
    ],
    ['a bad hardTimeout', { lead: { ttl: 1, hardTimeout: 0 } }, 'types.lead.hardTimeout must be'],
    ['a bad refreshAhead', { lead: { ttl: 1, refreshAhead: '1m' } }, "must be true, false, { window: '10s' } or"],
    ['an empty refreshAhead', { lead: { ttl: 1, refreshAhead: {} } }, 'types.lead.refreshAhead must be true, false,'],
    ['two windows', { lead: { ttl: 1, refreshAhead: { window: 1, share: 0.1 } } }, 'types.lead.refreshAhead must be'],
    ['a misspelt window', { lead: { ttl: 1, refreshAhead: { window: '5s', x: 1 } } }, 'types.lead.refreshAhead must'],
    [
      'a share that is too large',
      { lead: { ttl: 1, refreshAhead: { share: 0.6 } } },
      'types.lead.refreshAhead.share must be a number above 0, at most 0.5; got the number 0.6',
    ],
    ['a share of NaN', { lead: { ttl: 1, refreshAhead: { share: Number.NaN } } }, 'refreshAhead.share must be'],
    [
      'a bad window',
      { lead: { ttl: 1, refreshAhead: { window: Number.NaN } } },
      'refreshAhead.window must be more than 0',
    ],
    [
      'a window longer than half of the TTL',
      { lead: { ttl: '10s', refreshAhead: { window: '6s' } } },
      'types.lead.refreshAhead.window must be at most half of the ttl',
    ],
    ['an async grace', { lead: { ttl: 1, grace: async () => 1 } }, 'types.lead.grace must be a function that is not'],
    ['a grace of NaN', { lead: { ttl: 1, grace: Number.NaN } }, 'types.lead.grace must be'],
    ['a bad foreign', { lead: { ttl: 1, foreign: 1 } }, 'types.lead.foreign must be true or false'],
    ['a bad wait', { lead: { ttl: 1, wait: -1 } }, 'types.lead.wait must be'],
  ])('%s', (_what, types, message) => {
    expect(() => createCache({ types: loose(types), logger: false })).toThrow(CacheConfigError);
    expect(() => createCache({ types: loose(types), logger: false })).toThrow(message);
  });

  it.each(BAD_TTLS)('the TTL %s', (ttl) => {
    expect(() => createCache({ types: { lead: { ttl: loose(ttl) } } })).toThrow('types.lead.ttl must be');
  });

  it('a misspelt option of the store in memory', () => {
    expect(() => memoryStore(loose({ maxEntry: 1 }))).toThrow('memoryStore.maxEntry is no option of it');
  });

  it('everything at once', () => {
    const types = { tag: { ttl: 1 }, lead: { ttl: 0, jitter: -1 }, report: { ttl: 'soon' } };
    const error = thrownBy(() => createCache({ types: loose(types) }));
    expect((error as CacheConfigError).problems).toHaveLength(4);
  });

  it('an empty secret', () => {
    expect(() => createCache({ types: {}, secret: '' })).toThrow('secret must be a text that is not empty');
  });

  it.each(['', 'a:b', 'tag', 7])('the namespace %s', (namespace) => {
    expect(() => createCache({ types: {}, namespace: loose(namespace) })).toThrow('The namespace');
  });

  it('everything else that is wrong, in the same error', () => {
    const options = {
      types: { lead: { ttl: 0 } },
      namespace: 'a b',
      sweepBatchSize: -1,
      logLevel: 'x',
      secret: '',
      defaultTtl: 'x',
      enabled: 'no',
      logger: {},
      store: {},
      namspace: 'a',
    };
    const error = thrownBy(() => createCache(loose(options)));
    const fields = (error as CacheConfigError).problems.map((problem) => problem.split(' ')[0]);
    expect(fields.sort()).toEqual([
      'The',
      'defaultTtl',
      'enabled',
      'logLevel',
      'logger',
      'namspace',
      'secret',
      'store',
      'sweepBatchSize',
      'types.lead.ttl',
    ]);
    expect(() => createCache(loose(undefined))).toThrow('the options must be an object');
  });
});

describe('a cache refuses, before anything is loaded or stored,', () => {
  const load = vi.fn(async () => 'x');

  it.each([undefined, null, '', Number.NaN, {}, [], true])('the identifier %s', async (identifier) => {
    const leads = open().type('lead');
    await expect(leads.getOrSet(loose(identifier), load)).rejects.toThrow(KeyError);
    await expect(leads.get(loose(identifier))).rejects.toThrow(KeyError);
    await expect(leads.set(loose(identifier), 1)).rejects.toThrow(KeyError);
    await expect(leads.claim(loose(identifier))).rejects.toThrow(KeyError);
    await expect(leads.invalidate(loose(identifier))).rejects.toThrow(KeyError);
    expect(load).not.toHaveBeenCalled();
  });

  it.each(BAD_TTLS)('the TTL %s of a call', async (ttl) => {
    const leads = open().type('lead');
    await expect(leads.getOrSet(1, load, { ttl: loose(ttl) })).rejects.toThrow('ttl must be');
    await expect(leads.set(1, 'x', { ttl: loose(ttl) })).rejects.toThrow(CacheConfigError);
    expect(load).not.toHaveBeenCalled();
  });

  it.each([['acme', ''], [1], [undefined], ['x'.repeat(501)], ['\ud800']])('the tags %j', async (...tags) => {
    const cache = open();
    await expect(cache.type('lead').getOrSet(1, load, { tags: loose(tags) })).rejects.toThrow('A tag must be');
    await expect(cache.invalidateTags(loose(tags))).rejects.toThrow(KeyError);
  });

  it('tags that are no list', async () => {
    await expect(open().invalidateTags(loose('acme'))).rejects.toThrow('Tags must be an array of texts');
    await expect(
      open()
        .type('lead')
        .set(1, 'x', { tags: loose('acme') }),
    ).rejects.toThrow('Tags must be');
  });

  it.each([undefined, null, 'loader', {}])('the loader %s', async (loader) => {
    const read = open().type('lead').getOrSet(1, loose(loader));
    await expect(read).rejects.toThrow('The cache cannot work with this:\n  - loader must be a function'); // no setting
  });

  it.each([0, -1, 1.5, Number.NaN])('the batch size %s', async (batchSize) => {
    await expect(open().invalidatePattern('lead:*', { batchSize })).rejects.toThrow('batchSize must be a whole number');
  });

  it('options that it does not know: misspelt tags would make an entry that no tag drops', async () => {
    await expect(
      open()
        .type('lead')
        .set(1, 'x', loose({ tgas: ['acme'] })),
    ).rejects.toThrow('tgas is no option of a call');
  });

  it.each([
    [{ force: 'yes' }, 'force must be true or false; got a string'],
    [{ force: 1 }, 'force must be true or false; got the number 1'],
    [{ signal: 5 }, 'signal must be an AbortSignal; got the number 5'],
    [{ signal: null }, 'signal must be an AbortSignal; got null'],
    [{ signal: new AbortController() }, 'signal must be an AbortSignal; got an object: give its signal'],
    [{ stale: true }, 'stale is no option of a call; its options are ttl, grace, tags, force and signal'],
    [{ grace: async () => 1 }, 'grace must be a function that is not async'],
  ])('the options %j of a read that may load', async (options, message) => {
    const leads = open().type('lead');
    await expect(leads.getOrSet(1, load, loose(options))).rejects.toThrow(message);
    await expect(leads.claim(1, loose(options))).rejects.toThrow(message);
    await expect(leads.getOrSetMany([1], loose(load), loose(options))).rejects.toThrow(message);
    expect(load).not.toHaveBeenCalled();
  });

  it.each([
    [{ stale: 'yes' }, 'stale must be true or false; got a string'],
    [{ signal: {} }, 'signal must be an AbortSignal; got an object'],
    [{ force: true }, 'force is no option of a read that does not load; its options are stale and signal'],
    ['stale', 'The options must be an object such as { stale: true }; got a string'],
    [null, 'The options must be an object such as { stale: true }; got null'],
  ])('the options %j of a read that does not load', async (options, message) => {
    const leads = open().type('lead');
    await expect(leads.get(1, loose(options))).rejects.toThrow(message);
    await expect(leads.peek(1, loose(options))).rejects.toThrow(message);
    await expect(leads.getMany([1], loose(options))).rejects.toThrow(message);
  });

  it('options that are no object', async () => {
    await expect(open().type('lead').getOrSet(1, load, loose('5m'))).rejects.toThrow('The options must be an object');
  });

  it.each(['unknown', '', '__proto__', 'constructor', undefined, 7])('the type %s', (name) => {
    expect(() => open().type(loose(name))).toThrow('its types are lead, search');
  });

  it('a pattern of a type that is unknown, or hashed', async () => {
    await expect(open().invalidatePattern('leads:*')).rejects.toThrow('There is no type "leads"');
    await expect(open().invalidatePattern('search:ac*')).rejects.toThrow('only the pattern "search:*"');
    expect(await open().invalidatePattern('search:*')).toBe(0);
  });
});

describe('values', () => {
  it('with __proto__ come back without it, and change no prototype, also of what they are copied to', async () => {
    const leads = open().type('lead');
    const value: unknown = JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
    await leads.set(1, value);
    const copy = (await leads.get(1)) as object;
    expect(copy).toEqual({ constructor: { prototype: { admin: true } } });
    expect(Object.getPrototypeOf(Object.assign({}, copy))).toBe(Object.prototype);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it.each([
    ['a cycle', cyclic],
    ['a BigInt', () => ({ n: 1n })],
    ['a function', () => () => 1],
    ['a symbol', () => Symbol('x')],
    ['more than maxValueBytes', () => 'x'.repeat(5_000_001)],
  ])('that cannot be kept (%s) are returned, said and counted', async (_what, make) => {
    const warn = vi.fn();
    const logger = { debug() {}, info() {}, warn, error() {}, isLevelEnabled: () => false };
    const cache = createCache({ types: { lead: { ttl: '1h' } }, logger });
    const value = make();
    expect(await cache.type('lead').getOrSet(1, () => value)).toBe(value);
    expect(await cache.type('lead').exists(1)).toBe(false);
    expect(cache.stats().lead.uncacheable).toBe(1);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await cache.type('lead').set(1, value)).toBe(false);
  });

  it('of 10 MB as identifiers are no trouble', async () => {
    const cache = createCache({
      types: { lead: { ttl: '1h' }, search: { ttl: '1h', identifier: 'query' } },
      logger: false,
    });
    const long = 'x'.repeat(10_000_000);
    await cache.type('lead').set(long, 'a');
    await cache.type('search').set({ q: long }, 'b');
    expect([await cache.type('lead').get(long), await cache.type('search').get({ q: long })]).toEqual(['a', 'b']);
    expect(cache.type('lead').keyOf(long)).toHaveLength(71);
  });
});

describe('errors', () => {
  it('are told by is() and instanceof, also those of another copy of the package', async () => {
    vi.resetModules();
    const copy: typeof import('../src/index.ts') = await import('../src/index.ts');
    const error = new copy.KeyError('x');
    expect(copy.KeyError).not.toBe(KeyError);
    expect([error instanceof KeyError, error instanceof CacheError, error instanceof CacheConfigError]).toEqual([
      true,
      true,
      false,
    ]);
    expect([KeyError.is(error), CacheError.is(error), CacheConfigError.is(error), KeyError.is(new Error('x'))]).toEqual(
      [true, true, false, false],
    );
    expect([error.name, error.code, String(error)]).toEqual(['KeyError', 'HUNTLY_KEY', 'KeyError: x']);
  });

  it('of the manager name the type or the field', async () => {
    const manager = createCacheManager({ env: {}, logger: false });
    await expect(manager.get(loose('leads'), 1)).rejects.toThrow('There is no type "leads"');
    await expect(manager.getCachedLeadData(loose(undefined))).rejects.toThrow('An identifier must be');
    await expect(manager.addPopularSearch(loose({ q: 1 }))).rejects.toThrow('A popular search must be a text');
    await expect(manager.getPopularSearches(0)).rejects.toThrow('limit must be');
    await expect(manager.claimSearch(undefined)).rejects.toThrow('A query must not be undefined');
    await expect(manager.cacheSearchResults({ by: () => 1 }, [])).rejects.toThrow('query.by');
  });
});

function cyclic(): object {
  const value: { self?: unknown } = {};
  value.self = value;
  return value;
}

function thrownBy(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    return error;
  }
}
