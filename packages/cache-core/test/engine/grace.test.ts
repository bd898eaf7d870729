import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailableError } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const TYPE = { ttl: '10s', grace: '1m' } as const;

/** A value of each cache's store that is past its TTL, and within its grace. */
async function staleFleet(type: Parameters<typeof fleet<string>>[0] = TYPE) {
  const all = fleet<string>(type);
  await all.one.leads.getOrSet(1, () => 'old');
  await all.clock.advance(15_000);
  return all;
}

describe('a stale value', () => {
  it('is served at once, and replaced by one load over all caches', async () => {
    const { clock, one, two } = await staleFleet();
    const { load, call } = heldLoader();
    const readers = [one, two, one, two].map(({ leads }) => leads.getOrSet(1, load));
    expect(await Promise.all(readers)).toEqual(['old', 'old', 'old', 'old']);
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    call(0).resolve('new');
    await settle();
    expect(await Promise.all([one.leads.getOrSet(1, load), two.leads.getOrSet(1, load)])).toEqual(['new', 'new']);
    expect(one.stats().stale + two.stats().stale).toBe(4);
    expect(one.stats().refreshes + two.stats().refreshes).toBe(1);
    await clock.advance(20_000); // renewals, pauses
    expect(clock.pendingTimers).toBe(0);
  });

  it('is gone when its grace is over', async () => {
    const { clock, one } = await staleFleet();
    await clock.advance(55_000);
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('new');
    expect(one.stats()).toMatchObject({ stale: 0, misses: 2 });
  });

  it('is nothing to get, peek, exists and getTtl', async () => {
    const { one } = await staleFleet();
    const { leads } = one;
    expect([await leads.get(1), await leads.peek(1), await leads.exists(1), await leads.getTtl(1)]).toEqual([
      undefined,
      undefined,
      false,
      -2,
    ]);
  });

  it('is loaded anew by a type without grace', async () => {
    const { one } = await staleFleet({ ttl: '10s' });
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('new');
  });

  it('is handed out where the store says again and again that there is a newer one, and never has it', async () => {
    const { one, store } = await staleFleet();
    const lease = vi.spyOn(store, 'lease').mockResolvedValue({ kind: 'filled' });
    expect(await one.leads.claim(1)).toEqual({ hit: true, value: 'old' });
    expect(lease).toHaveBeenCalledTimes(17);
  });

  it('is handed out with the right to replace it to one claim, and as a hit to all others', async () => {
    const { one, two } = await staleFleet();
    const claim = await one.leads.claim(1);
    if (claim.hit) throw new Error('a claim to fill was expected');
    expect(claim.previous).toBe('old');
    expect(await two.leads.claim(1)).toEqual({ hit: true, value: 'old' });
    expect(await one.leads.claim(1)).toEqual({ hit: true, value: 'old' });
    await claim.fill('new');
    expect(await two.leads.claim(1)).toEqual({ hit: true, value: 'new' });
  });
});

describe('the grace of a call', () => {
  it('counts where the type has none', async () => {
    const { clock, one } = fleet({ ttl: '10s' });
    await one.leads.getOrSet(1, () => 'old', { grace: '1m' });
    await clock.advance(15_000);
    expect(await one.leads.getOrSet(1, () => 'new', { grace: '1m' })).toBe('old');
    await settle();
    expect(await one.leads.getOrSet(1, () => 'newer', { grace: '1m' })).toBe('new');
  });

  it('of 0 refuses what the type would serve', async () => {
    const { one } = await staleFleet();
    expect(await one.leads.getOrSet(1, () => 'new', { grace: 0 })).toBe('new');
  });

  it('of 0 stores a value that never becomes stale', async () => {
    const { clock, one } = fleet(TYPE);
    await one.leads.getOrSet(1, () => 'old', { grace: 0 });
    await clock.advance(15_000);
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('new');
  });
});

describe('a refresh that fails', () => {
  it('is seen by nobody while there is grace, and tried at most once per backoff over all caches', async () => {
    const { clock, one, two } = await staleFleet({ ...TYPE, backoff: '1s' });
    const load = vi.fn(() => Promise.reject(new Error('database gone')));
    for (let readAt = 0; readAt < 5_000; readAt += 50) {
      expect([await one.leads.getOrSet(1, load), await two.leads.getOrSet(1, load)]).toEqual(['old', 'old']);
      await clock.advance(50);
    }
    expect(load.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(load.mock.calls.length).toBeLessThanOrEqual(5);
    await clock.advance(60_000);
    await expect(one.leads.getOrSet(1, load)).rejects.toThrow('database gone');
  });

  it('leaves nobody waiting who came with a miss', async () => {
    const { one } = await staleFleet();
    const { load, call } = heldLoader();
    expect(await one.leads.getOrSet(1, load)).toBe('old');
    await settle();
    const strict = one.leads.getOrSet(1, load, { grace: 0 }); // joins the refresh
    await settle();
    const error = new Error('database gone');
    call(0).reject(error);
    await expect(strict).rejects.toBe(error);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('because the store gives no lease is not asked for by every reader', async () => {
    const { clock, store, one } = await staleFleet();
    const lease = vi.spyOn(store, 'lease').mockRejectedValue(new StoreUnavailableError('OOM'));
    for (let reads = 0; reads < 20; reads++) {
      expect(await one.leads.getOrSet(1, () => 'new')).toBe('old');
      await settle();
    }
    expect(lease).toHaveBeenCalledTimes(1);
    await clock.advance(200);
    lease.mockRestore();
    await one.leads.getOrSet(1, () => 'new');
    await settle();
    expect(await one.leads.get(1)).toBe('new');
  });

  it('because of a store that answers nonsense leaves no flight behind', async () => {
    const { clock, store, one } = await staleFleet({ ...TYPE, softTimeout: '1s' });
    const nonsense = {
      kind: 'busy' as const,
      get retryMs(): number {
        throw new Error('nonsense');
      },
    };
    vi.spyOn(store, 'lease').mockResolvedValueOnce(nonsense);
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('old'); // looked again, and began another refresh
    await settle();
    expect(await one.leads.get(1)).toBe('new');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('an invalidation', () => {
  it.each(['key', 'tag', 'type'] as const)('of the %s takes the stale value too', async (kind) => {
    const { clock, one, two } = fleet<string>({ ...TYPE, tags: ['acme'] });
    await one.leads.getOrSet(1, () => 'old');
    await clock.advance(15_000);
    if (kind === 'key') await two.leads.invalidate(1);
    if (kind === 'tag') await two.cache.invalidateTags(['acme']);
    if (kind === 'type') await two.leads.invalidateAll();
    const load = vi.fn(() => Promise.reject(new Error('database gone')));
    await expect(one.leads.getOrSet(1, load)).rejects.toThrow('database gone');
  });

  it.each(['key', 'tag', 'type'] as const)('of the %s during a refresh refuses its value', async (kind) => {
    const { clock, one, two } = fleet<string>({ ...TYPE, tags: ['acme'] });
    await one.leads.getOrSet(1, () => 'old');
    await clock.advance(15_000);
    const { load, call } = heldLoader();
    expect(await one.leads.getOrSet(1, load)).toBe('old');
    await settle();
    if (kind === 'key') await two.leads.invalidate(1);
    if (kind === 'tag') await two.cache.invalidateTags(['acme']);
    if (kind === 'type') await two.leads.invalidateAll();
    const readers = [one, two].map(({ leads }) => leads.getOrSet(1, load));
    await settle();
    call(0).resolve('read before the invalidation');
    await clock.advance(1_000);
    call(1).resolve('new');
    await clock.advance(1_000);
    expect(await Promise.all(readers)).toEqual(['new', 'new']);
    expect(one.stats().refused).toBe(1);
    expect(await two.leads.get(1)).toBe('new');
  });
});

describe('expire', () => {
  it('makes a fresh value stale: served once more, and refreshed', async () => {
    const { one, two } = fleet<string>(TYPE);
    await one.leads.getOrSet(1, () => 'old');
    expect(await two.leads.expire(1)).toBe(true);
    expect(await one.leads.get(1)).toBeUndefined();
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('old');
    await settle();
    expect(await one.leads.get(1)).toBe('new');
  });

  it('drops the value of a type without grace', async () => {
    const { one } = fleet<string>({ ttl: '10s' });
    await one.leads.getOrSet(1, () => 'old');
    await one.leads.expire(1);
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('new');
    expect(await one.leads.get(1)).toBe('new');
  });

  it('keeps the stale value as long as it would have lived', async () => {
    const { clock, one } = fleet<string>({ ...TYPE, backoff: 0 });
    const failing = () => Promise.reject(new Error('database gone'));
    await one.leads.getOrSet(1, () => 'old');
    await one.leads.expire(1);
    await clock.advance(69_999);
    expect(await one.leads.getOrSet(1, failing)).toBe('old');
    await clock.advance(1);
    await expect(one.leads.getOrSet(1, failing)).rejects.toThrow('database gone');
  });

  it('during a load refuses its value, and sends those who came later to the source again', async () => {
    const { one, two } = fleet<string>(TYPE);
    const { load, call } = heldLoader();
    const owner = one.leads.getOrSet(1, load);
    await settle();
    const joiner = one.leads.getOrSet(1, load);
    await settle();
    await two.leads.expire(1);
    call(0).resolve('read before');
    await settle();
    expect(await owner).toBe('read before');
    call(1).resolve('read after');
    expect(await joiner).toBe('read after');
    await settle();
    expect(one.stats()).toMatchObject({ refused: 1, stored: 1 });
  });

  it('of what is not there, or in a store that does not answer, throws nothing', async () => {
    const { one, store } = fleet<string>(TYPE);
    expect(await one.leads.expire(7)).toBe(true);
    await store.close();
    expect(await one.leads.expire(7)).toBe(false);
    expect(one.stats().storeErrors).toBe(1);
  });
});
