import { setImmediate } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createCache, memoryStore, type Store, StoreUnavailableError } from '../../src/index.ts';
import { Guard } from '../../src/store/guard.ts';
import { FakeClock } from '../../src/testing/index.ts';

// Beyond 2,000 calls under way the store was not asked for anything, on a healthy server too: six `setMany` of 500 values were enough,
// and an invalidation beside them was not applied.

const scope = { namespace: undefined, type: 'lead' };
const keyOf = (id: number) => ({ text: `lead:${id}`, scope });
const entry = { bytes: Buffer.from('1'), freshForMs: 60_000, expiresInMs: 60_000, loadMs: 1, tags: [] };
const SETTINGS = {
  budgetMs: 50,
  invalidationMs: 1_000,
  maxInFlight: 3,
  deadlinesToOpen: 5,
  probeMs: 250,
  journalCapacity: 10,
  replayMs: 10_000,
};

/** A guard of which as many calls are under way as may be. */
async function fullGuard() {
  const store = memoryStore();
  const guard = new Guard(store, {
    settings: SETTINGS,
    clock: new FakeClock(),
    random: () => 0.5,
    typeNames: new Set(),
    onBreaker() {},
  });
  const reply = await guard.lease(keyOf(1), { ttlMs: 1_000, tags: [] });
  if (reply.kind !== 'granted') throw new Error(reply.kind);
  vi.spyOn(store, 'read').mockImplementation(() => new Promise(() => {}));
  for (let count = 0; count < SETTINGS.maxInFlight; count++) guard.read([keyOf(2)]).catch(() => undefined);
  return { guard, lease: reply.lease };
}

describe('beyond the cap of calls under way', () => {
  it('what adds to the store is refused', async () => {
    const { guard, lease } = await fullGuard();
    await expect(guard.read([keyOf(3)])).rejects.toThrow('3 calls are under way');
    await expect(guard.lease(keyOf(3), { ttlMs: 1_000, tags: [] })).rejects.toThrow(StoreUnavailableError);
    await expect(guard.fill(lease, entry)).rejects.toThrow(StoreUnavailableError);
    await expect(guard.report()).rejects.toThrow(StoreUnavailableError);
  });

  it('what undoes or ends something is done', async () => {
    const { guard, lease } = await fullGuard();
    expect(await guard.renew(lease, 1_000)).toBe(true);
    await guard.release(lease);
    await guard.expire([keyOf(1)]);
    expect(await guard.invalidate([{ kind: 'key', key: keyOf(1) }])).toEqual({ removed: 0 });
    expect(guard.state().journal).toBe(0);
  });
});

/** How many calls of the store are under way at a time, at most; each takes a turn. */
function watched(store: Store) {
  const seen = { now: 0, most: 0 };
  for (const method of ['lease', 'fill'] as const) {
    const send = store[method].bind(store) as (...args: unknown[]) => Promise<never>;
    vi.spyOn(store, method).mockImplementation(async (...args: unknown[]) => {
      seen.most = Math.max(seen.most, ++seen.now);
      await setImmediate();
      const reply = await send(...args);
      seen.now--;
      return reply;
    });
  }
  return seen;
}

describe('verbs that take many values', () => {
  const pairs = Array.from({ length: 500 }, (_, id) => [id, `lead ${id}`] as const);
  const ids = pairs.map(([id]) => id);

  it('leave the store to others as well, however many run at once: setMany', async () => {
    const store = memoryStore();
    const seen = watched(store);
    const clock = new FakeClock();
    const leads = createCache({ types: { lead: { ttl: '1h' } }, store, clock, logger: false }).type('lead');
    const stored = await Promise.all(Array.from({ length: 6 }, () => leads.setMany(pairs)));
    expect(stored.reduce((total, count) => total + count, 0)).toBeGreaterThanOrEqual(500); // equal keys overtake each other
    expect(seen.most).toBeLessThanOrEqual(200);
  });

  it('the same for getOrSetMany, of which all are stored', async () => {
    const store = memoryStore();
    const seen = watched(store);
    const clock = new FakeClock(); // a busy machine makes nothing late
    const cache = createCache({ types: { lead: { ttl: '1h' } }, store, clock, logger: false });
    const groups = Array.from({ length: 6 }, (_, group) => ids.map((id) => `${group} ${id}`));
    await Promise.all(
      groups.map((group) => cache.type('lead').getOrSetMany(group, (missing) => missing.map((id) => `lead ${id}`))),
    );
    await cache.close(); // which waits for the fills
    expect(cache.stats().lead.stored).toBe(3_000);
    expect(seen.most).toBeLessThanOrEqual(200);
    expect(cache.stats().lead.storeErrors).toBe(0);
  });

  it('the same for getOrSetMany of stale values, which are loaded anew in the background', async () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    const cache = createCache({ types: { lead: { ttl: '1m', grace: '1h' } }, store, clock, logger: false });
    const leads = cache.type('lead');
    await leads.setMany(pairs);
    await clock.advance(60_000);
    const seen = watched(store);
    expect(await leads.getOrSetMany(ids, (missing) => missing.map((id) => `newer ${id}`))).toContain('lead 1');
    await cache.close(); // which waits for the refreshes, and for their fills
    expect(cache.stats().lead).toMatchObject({ refreshes: 500, stored: 1_000 });
    expect(seen.most).toBeLessThanOrEqual(200);
  });

  it('setMany says which values were not stored', async () => {
    const store = memoryStore();
    const { fill } = store;
    vi.spyOn(store, 'fill').mockImplementation((lease, value) =>
      lease.key.text === 'lead:2' ? Promise.reject(new StoreUnavailableError('OOM')) : fill.call(store, lease, value),
    );
    const leads = createCache({ types: { lead: { ttl: '1h' } }, store, logger: false }).type('lead');
    const onNotStored = vi.fn();
    const bad = [3, 10n] as const; // BigInt is no JSON
    expect(await leads.setMany<unknown>([[1, 'a'], [2, 'b'], bad, [4, 'd']], { onNotStored })).toBe(2);
    expect(onNotStored.mock.calls).toEqual([[[2, 3]]]);
    expect(await leads.setMany([[1, 'a']], { onNotStored, ttl: '1m' })).toBe(1);
    expect(onNotStored).toHaveBeenCalledTimes(1);
    await expect(leads.setMany([[1, 'a']], { onNotStored: 'log' as never })).rejects.toThrow(
      'onNotStored must be a function',
    );
    await expect(leads.setMany([[1, 'a']], null as never)).rejects.toThrow('must be an object');
  });
});
