import { createCacheManager } from '@huntly/cache-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { TrackedKeys } from '../../src/tracked-keys.ts';
import { servedStore } from '../support/served-store.ts';

const served = servedStore();
beforeEach(() => served().server.cli('FLUSHALL'));

/** `acme` is a type, a namespace and a part of another; each name of a type is also one of a namespace. */
const NAMESPACES = [undefined, 'search', 'lead', 'acme', 'acme.com', 'acme/com', 'search/lead'];
const open = (namespace: string | undefined) =>
  createCacheManager({
    ...(namespace !== undefined && { namespace }),
    types: { acme: { ttl: '1h', foreign: true } },
    env: {},
    store: served().store,
    storeBudget: false,
    logger: false,
  });

/** Writes everything that a cache can write: values of each kind, a lease, tags, the log, a ranking. */
async function fill(namespace: string | undefined) {
  const cache = open(namespace);
  await cache.set('search', { q: 'a' }, [{ leadId: 1 }]);
  for (const id of ['tag', 'popular_searches', 'tag:a', 'lead:1']) {
    await cache.set('acme', id, namespace ?? 'none');
    await cache.set('lead', id, namespace ?? 'none');
  }
  await cache.type('lead').claim('claimed');
  await cache.addPopularSearch('a');
  await cache.getPopularSearches();
  return cache;
}

const names = async () => new Set((await served().server.cli('KEYS', '*')) as string[]);

describe('caches whose namespaces are named like types', () => {
  it.each(NAMESPACES)('%s: what it writes is its own, and clear() leaves that of all others', async (namespace) => {
    const others = new Set<string>();
    for (const other of NAMESPACES.filter((each) => each !== namespace)) {
      await fill(other);
      for (const name of await names()) others.add(name);
    }
    const before = others.size;
    expect(before).toBe((await names()).size);
    const cache = await fill(namespace);
    const own = [...(await names())].filter((name) => !others.has(name));
    expect(own.length, 'as many keys as each of the others').toBe(before / (NAMESPACES.length - 1));
    await cache.clearAllCache();
    await cache.invalidatePattern('acme:*');
    const left = await names();
    for (const name of others) expect(left.has(name), name).toBe(true);
  });

  it('hears of no key of the others', async () => {
    const tracked = new TrackedKeys([{ namespace: undefined, type: 'search' }]);
    await fill('search');
    for (const name of await names())
      expect(
        tracked.prefixes.some((prefix) => name.startsWith(prefix)),
        name,
      ).toBe(false);
  });
});

describe('what an earlier version wrote', () => {
  const old =
    '{"huntly":1,"id":"AAAAAAAAAAAAAAAAAAAAAA","stale":0,"at":1,"fresh":1e12,"ttl":1e12,"load":1,"tags":[]}\n"old"';

  it.each([
    ['acme', undefined],
    ['acme/acme', 'acme'],
    ['acme', 'acme'],
  ])(
    'under %s:1 is a miss in the namespace %s, also where values of other programs are read',
    async (prefix, namespace) => {
      await served().server.cli('SET', `${prefix}:1`, old);
      const cache = open(namespace);
      expect(await cache.get('acme', 1)).toBeUndefined();
      expect(await cache.type('acme').getOrSet(1, () => 'new')).toBe('new');
    },
  );
});
