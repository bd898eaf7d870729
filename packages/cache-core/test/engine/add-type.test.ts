import { describe, expect, it } from 'vitest';
import { CacheConfigError, createCache } from '../../src/index.ts';

const open = () =>
  createCache({ types: { lead: { ttl: '1h' } }, namespace: 'shop', defaultTtl: '5m', secret: 's', logger: false });

describe('addType', () => {
  it('adds a type that shares the settings of its cache', async () => {
    const cache = open();
    const pages = cache.addType<string>('page', { identifier: 'private' });
    expect(await pages.set('a', 'A')).toBe(true);
    expect(await pages.getTtl('a')).toBeGreaterThan(200); // the defaultTtl
    expect(pages.keyOf('a')).toMatch(/^shop\/page:[0-9a-f]{64}$/);
    expect(pages.keyOf('a')).not.toBe(
      createCache({ types: {}, namespace: 'shop', defaultTtl: '5m', logger: false })
        .addType('page', { identifier: 'private' })
        .keyOf('a'),
    );
    expect(Object.keys(cache.stats())).toEqual(['lead', 'page']);
    await cache.clear();
    expect(await pages.get('a')).toBeUndefined();
  });

  it('gives the type that is there for a name that is known', () => {
    const cache = open();
    expect(cache.addType('page', {})).toBe(cache.addType('page', { ttl: '1h' }));
    expect(cache.addType('lead', {})).toBe(cache.type('lead'));
  });

  it('refuses bad settings and bad names, and adds nothing', () => {
    const cache = open();
    expect(() => cache.addType('page', { ttl: -1 })).toThrow(CacheConfigError);
    expect(() => cache.addType('tag', {})).toThrow(CacheConfigError);
    expect(Object.keys(cache.stats())).toEqual(['lead']);
  });

  it('refuses a name that is taken by a type with another codec', () => {
    const codec = (format?: string) => ({ encode: () => new Uint8Array(), decode: () => 1, format });
    const mine = codec();
    const cache = createCache({ types: { page: { ttl: '1m', codec: mine }, form: { ttl: '1m', codec: codec('a') } } });
    expect(cache.addType('page', { codec: mine })).toBe(cache.type('page'));
    expect(cache.addType('form', { codec: codec('a') })).toBe(cache.type('form'));
    for (const other of [{}, { codec: codec() }, { codec: codec('a') }])
      expect(() => cache.addType('page', other)).toThrow(/"page" is there already, with another codec/);
    expect(() => cache.addType('form', { codec: codec('b') })).toThrow(CacheConfigError);
  });
});

it('every cache tells its health', async () => {
  expect(await open().healthCheck()).toMatchObject({ status: 'pass', report: { kind: 'memory' } });
});
