import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/engine/deferred.ts';
import { createCache, createCacheManager, memoryStore, type Store } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { heldLoader } from './fixtures.ts';

/** A store whose calls of one kind wait until the test lets them go on. */
function held(store: Store, kind: 'fill' | 'release' | 'invalidate') {
  const gate = deferred<void>();
  const call = Reflect.get(store, kind).bind(store) as (...args: unknown[]) => Promise<unknown>;
  const heldCall = async (...args: unknown[]) => {
    await gate.promise;
    return call(...args);
  };
  return { store: Object.assign(store, { [kind]: heldCall }), letGo: () => gate.resolve() };
}

/** Whether a promise is settled once all that can happen by itself has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

const types = { lead: { ttl: '1m', grace: '1m' } } as const;

describe('settled', () => {
  it('resolves at once where nothing is under way', async () => {
    const cache = createCache({ types, logger: false });
    expect(await cache.settled()).toBeUndefined();
  });

  it('waits for the fill, which the caller of `getOrSet` does not', async () => {
    const { store, letGo } = held(memoryStore(), 'fill');
    const cache = createCache({ types, store, logger: false, storeBudget: false });
    expect(await cache.type('lead').getOrSet(1, () => 'Ada')).toBe('Ada');
    const settled = cache.settled();
    expect(await isSettled(settled)).toBe(false);
    letGo();
    await settled;
    expect(await cache.type('lead').get(1)).toBe('Ada');
  });

  it('waits for a load that runs, and for what it sets off', async () => {
    const cache = createCache({ types, logger: false });
    const { load, call } = heldLoader<unknown>();
    const read = cache.type('lead').getOrSet(1, load);
    while (load.mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const settled = cache.settled();
    expect(await isSettled(settled)).toBe(false);
    call(0).resolve('Ada');
    await settled;
    expect(await cache.type('lead').get(1)).toBe('Ada');
    expect(await read).toBe('Ada');
  });

  it('waits for a refresh in the background', async () => {
    const clock = new FakeClock();
    const cache = createCache({ types, clock, logger: false, random: () => 0 });
    const leads = cache.type('lead');
    await leads.set(1, 'old');
    await clock.advance(61_000);
    expect(await leads.getOrSet(1, () => 'new')).toBe('old');
    await cache.settled();
    expect(await leads.get(1)).toBe('new');
  });

  it('waits for the release after a load that failed, and does not reject', async () => {
    const { store, letGo } = held(memoryStore(), 'release');
    const cache = createCache({ types, store, logger: false, storeBudget: false });
    const failing = () => Promise.reject(new Error('no source'));
    await expect(cache.type('lead').getOrSet(1, failing)).rejects.toThrow('no source');
    const settled = cache.settled();
    expect(await isSettled(settled)).toBe(false);
    letGo();
    await settled;
  });

  it.each(['fill', 'release'] as const)(
    'waits for the %s of a claim, and not for a claim that is kept',
    async (verb) => {
      const { store, letGo } = held(memoryStore(), verb);
      const cache = createCache({ types, store, logger: false, storeBudget: false });
      const claim = await cache.type('lead').claim(1);
      if (claim.hit) throw new Error('there was a value');
      await cache.settled();
      void (verb === 'fill' ? claim.fill('Ada') : claim.release());
      const settled = cache.settled();
      expect(await isSettled(settled)).toBe(false);
      letGo();
      await settled;
    },
  );

  it('waits for sets and invalidations that nobody awaited', async () => {
    const { store, letGo } = held(memoryStore(), 'invalidate');
    const cache = createCache({ types, store, logger: false, storeBudget: false });
    void cache.type('lead').set(1, 'Ada', { tags: ['acme'] });
    await cache.settled();
    expect(await cache.type('lead').get(1)).toBe('Ada');
    void cache.invalidateTags(['acme']);
    const settled = cache.settled();
    expect(await isSettled(settled)).toBe(false);
    letGo();
    await settled;
    expect(await cache.type('lead').get(1)).toBeUndefined();
  });

  it('of a cache waits for its children, however deep; of a child for itself only', async () => {
    const { store, letGo } = held(memoryStore(), 'fill');
    const cache = createCache({ types, store, logger: false, storeBudget: false });
    const child = cache.child('eu');
    await child
      .child('fr')
      .type('lead')
      .getOrSet(1, () => 'Ada');
    await cache.child('us').settled();
    const both = [cache.settled(), child.settled()];
    for (const settled of both) expect(await isSettled(settled)).toBe(false);
    letGo();
    await Promise.all(both);
    expect(await child.child('fr').type('lead').get(1)).toBe('Ada');
  });

  it('is there for a manager', async () => {
    const manager = createCacheManager({ env: {}, logger: false });
    await manager.getOrSetSearch({ q: 'ada' }, () => ['Ada']);
    await manager.settled();
    expect((await manager.getCachedSearchResults({ q: 'ada' }))?.results).toEqual(['Ada']);
  });
});

describe('close', () => {
  it('waits for the fills of children, since it closes their store', async () => {
    const { store, letGo } = held(memoryStore(), 'fill');
    const cache = createCache({ types, store, logger: false, storeBudget: false });
    await cache
      .child('eu')
      .type('lead')
      .getOrSet(1, () => 'Ada');
    const closed = cache.close();
    expect(await isSettled(closed)).toBe(false);
    letGo();
    await closed;
  });
});
