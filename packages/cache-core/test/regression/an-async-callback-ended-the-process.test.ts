import { describe, expect, it, vi } from 'vitest';
import { type CacheTypeOptions, createCache, createCacheManager, type FillOptions } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';

/** Rejects: unhandled, it would fail this run. */
const rejecting = (): never => Promise.reject(new Error('no such column')) as never;
const async = (async () => {
  throw new Error('no such column');
}) as never;
const lines = () => ({ debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn(), isLevelEnabled: () => true });

describe('a function that is declared async where an answer is needed at once is refused', () => {
  it.each([
    ['ttl', { ttl: async }],
    ['tags', { ttl: '1h', tags: async }],
    ['condition', { ttl: '1h', condition: async }],
    ['codec.encode', { ttl: '1h', codec: { encode: async, decode: () => 1 } }],
  ] as [string, CacheTypeOptions<never>][])('at the start: %s of a type', (name, lead) => {
    expect(() => createCache({ types: { lead }, logger: false })).toThrow(
      `types.lead.${name} must be a function that is not async`,
    );
  });

  it.each(['debug', 'warn', 'isLevelEnabled'] as const)('at the start: %s of a logger', (name) => {
    const logger = { ...lines(), [name]: async };
    expect(() => createCache({ types: { lead: { ttl: '1h' } }, logger })).toThrow(`logger.${name} must be`);
  });

  it('at the start: leadIdsOf', () => {
    expect(() => createCacheManager({ leadIdsOf: async, env: {}, logger: false })).toThrow('leadIdsOf must be');
  });

  it.each(['ttl', 'tags'] as const)('before the load: %s of a call', async (name) => {
    const leads = createCache({ types: { lead: { ttl: '1h' } }, logger: false }).type('lead');
    const load = vi.fn(() => 'Ada');
    const options: FillOptions<unknown> = { [name]: async };
    await expect(leads.getOrSet(1, load, options)).rejects.toThrow(`${name} must be a function that is not async`);
    await expect(leads.set(1, 'Ada', options)).rejects.toThrow('not async');
    await expect(leads.claim(1, options)).rejects.toThrow('not async');
    expect(load).not.toHaveBeenCalled();
  });
});

describe('a promise where an answer is needed at once', () => {
  it.each([
    ['ttl', { ttl: rejecting }],
    ['tags', { ttl: '1h', tags: rejecting }],
    ['condition', { ttl: '1h', condition: rejecting }],
    ['codec.encode', { ttl: '1h', codec: { encode: rejecting, decode: () => 1 } }],
  ] as [string, CacheTypeOptions<never>][])('of %s costs the value its place, and is said', async (name, lead) => {
    const logger = lines();
    const cache = createCache({ types: { lead }, logger });
    expect(await cache.type('lead').getOrSet(1, () => 'Ada' as never)).toBe('Ada');
    await cache.close();
    expect(cache.stats().lead).toMatchObject({ uncacheable: 1, stored: 0 });
    const [[fields]] = logger.warn.mock.calls as [[{ err: Error }]];
    expect(fields.err.message).toContain(`${name} must answer at once, but it returned a promise`);
  });

  it.each(['ttl', 'tags'] as const)('of %s of a call too', async (name) => {
    const cache = createCache({ types: { lead: { ttl: '1h' } }, logger: false });
    expect(await cache.type('lead').getOrSet(1, () => 'Ada', { [name]: rejecting })).toBe('Ada');
    expect(await cache.type('lead').set(1, 'Ada', { [name]: rejecting })).toBe(false);
    await cache.close();
    expect(cache.stats().lead.stored).toBe(0);
  });

  it('of leadIdsOf: the search is not stored without the tags of its leads', async () => {
    const manager = createCacheManager({ leadIdsOf: rejecting, env: {}, logger: false });
    expect(await manager.cacheSearchResults('ada', [{ id: 1 }])).toBe(false);
    await manager.close();
  });

  it('given to setTags or setTtl fails the load with what is wrong', async () => {
    const leads = createCache({ types: { lead: { ttl: '1h', backoff: 0 } }, logger: false }).type('lead');
    await expect(leads.getOrSet(1, ({ setTags }) => setTags(rejecting()))).rejects.toThrow('setTags must answer');
    await expect(leads.getOrSet(1, ({ setTtl }) => setTtl(rejecting()))).rejects.toThrow('setTtl must answer');
  });

  it('is never taken for true', async () => {
    const condition = () => Promise.resolve(true) as never;
    const cache = createCache({ types: { lead: { ttl: '1h', condition } }, logger: false });
    expect(await cache.type('lead').set(1, 'Ada')).toBe(false);
    const logger = { ...lines(), isLevelEnabled: () => Promise.resolve(true) as never };
    await createCache({ types: { lead: { ttl: '1h' } }, logger })
      .type('lead')
      .get(1);
    expect(logger.debug).not.toHaveBeenCalled();
  });

  it('of a logger, a listener or onProgress ends nothing', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const logger = { debug: rejecting, info: rejecting, warn: rejecting, error: rejecting };
    const cache = createCache({ types: { lead: { ttl: '1h' } }, logger });
    cache.on('stored', rejecting);
    await cache.type('lead').set(1, 'Ada');
    expect(await cache.invalidatePattern('lead:*', { onProgress: rejecting })).toBe(1);
    await settle();
    expect(emitWarning).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });

  it('that is lazy is not begun', async () => {
    const then = vi.fn();
    const cache = createCache({ types: { lead: { ttl: '1h', tags: () => ({ then }) as never } }, logger: false });
    expect(await cache.type('lead').set(1, 'Ada')).toBe(false);
    expect(then).not.toHaveBeenCalled();
  });
});

describe('a promise that no caller waits for does not end the process', () => {
  const start = () => {
    const logger = lines();
    return { logger, leads: createCache({ types: { lead: { ttl: '1h' } }, logger }).type('lead') };
  };

  it('of onNotStored: it is logged', async () => {
    const { logger, leads } = start();
    expect(await leads.setMany([[1, 1n]], { onNotStored: async })).toBe(0);
    await settle();
    expect(logger.error).toHaveBeenCalledWith(expect.anything(), 'onNotStored failed');
  });

  it('of a value of setMany, where another entry is none', async () => {
    const entries = [[1, rejecting()], 5] as never;
    await expect(start().leads.setMany(entries)).rejects.toThrow('An entry must be a pair');
    await settle();
  });

  it('of a row of getOrSetMany, where there is a row too many, or one that was not asked for', async () => {
    const { leads } = start();
    const row = async (id: unknown): Promise<never> => Promise.reject(new Error(`no row ${id}`));
    await expect(leads.getOrSetMany([1, 2], (ids) => [...ids, 3].map(row) as never)).rejects.toThrow('got 3');
    const found = leads.getOrSetMany([1], (ids) => new Map([...ids, 3].map((id) => [id, row(id)])) as never);
    await expect(found).rejects.toThrow('no row 1');
    await settle();
  });
});
