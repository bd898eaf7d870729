import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { createCache } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const AHEAD = { ttl: '100s', refreshAhead: true } as const; // the window: the last 5 s

async function warmFleet() {
  const all = fleet<string>(AHEAD);
  await all.one.leads.getOrSet(1, () => 'first');
  await all.clock.advance(96_000);
  return all;
}

describe('refresh ahead', () => {
  it('does nothing before its window, and nothing for get', async () => {
    const { clock, one } = fleet<string>(AHEAD);
    const load = vi.fn(() => 'new');
    await one.leads.getOrSet(1, () => 'first');
    await clock.advance(95_000);
    expect(await one.leads.getOrSet(1, load)).toBe('first');
    await clock.advance(1_000);
    expect(await one.leads.get(1)).toBe('first');
    await settle();
    expect(load).not.toHaveBeenCalled();
  });

  it('loads each version once over two caches, and no reader waits', async () => {
    const { clock, one, two } = fleet<string>(AHEAD);
    let versions = 0;
    const load = vi.fn(async () => {
      versions++;
      const loaded = `version ${versions}`;
      await new Promise<void>((resolve) => clock.after(1_000, resolve));
      return loaded;
    });
    const cold = one.leads.getOrSet(1, load);
    await clock.advance(1_000);
    await cold;
    for (let seconds = 0; seconds < 1_000; seconds++) {
      const askedAt = clock.now();
      await Promise.all([one, two, one, two].map(({ leads }) => leads.getOrSet(1, load)));
      expect(clock.now()).toBe(askedAt);
      await clock.advance(1_000);
    }
    // A version lives 100 s; it is replaced in its last 5, by a load of 1 s.
    expect(load.mock.calls.length).toBeGreaterThanOrEqual(10);
    expect(load.mock.calls.length).toBeLessThanOrEqual(11);
    expect(one.stats().misses + two.stats().misses).toBe(1);
  });

  it('opens its window as early as two loads need', async () => {
    const { clock, one } = fleet<string>(AHEAD);
    const { load, call } = heldLoader();
    const cold = one.leads.getOrSet(1, load);
    await clock.advance(20_000);
    call(0).resolve('first');
    await cold;
    await clock.advance(59_000); // 41 s are left
    await one.leads.getOrSet(1, load);
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    await clock.advance(2_000);
    await one.leads.getOrSet(1, load);
    await settle();
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('of a load that takes longer than the TTL leaves each value half of its life in peace', async () => {
    const { clock, one } = fleet<string>({ ttl: '4s', refreshAhead: true });
    let running = 0;
    let most = 0;
    const load = vi.fn(async () => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => clock.after(10_000, resolve));
      running--;
      return 'slow';
    });
    for (let reads = 0; reads < 600; reads++) {
      void one.leads.getOrSet(1, load);
      await clock.advance(200);
    }
    // 120 s in cycles of 10 s of loading and 2 s of peace
    expect(load.mock.calls.length).toBeLessThanOrEqual(11);
    expect(most).toBe(1);
  });

  it('does not refresh a value again that another cache has refreshed', async () => {
    const { one, two } = await warmFleet();
    const load = vi.fn(() => 'second');
    await Promise.all([one.leads.getOrSet(1, load), two.leads.getOrSet(1, load)]);
    await settle();
    await two.leads.getOrSet(1, load);
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    expect(await two.leads.get(1)).toBe('second');
  });

  it('that fails leaves the fresh value alone', async () => {
    const { one } = await warmFleet();
    expect(await one.leads.getOrSet(1, () => Promise.reject(new Error('database gone')))).toBe('first');
    await settle();
    expect(await one.leads.get(1)).toBe('first');
    expect(one.stats()).toMatchObject({ loadErrors: 1, hits: 2 });
  });

  it('is refused by an invalidation', async () => {
    const { clock, one, two } = await warmFleet();
    const { load, call } = heldLoader();
    await one.leads.getOrSet(1, load);
    await settle();
    await two.leads.invalidateAll();
    const reader = one.leads.getOrSet(1, load); // waits for the refresh, as it cannot know
    await settle();
    call(0).resolve('read before');
    await clock.advance(500);
    call(1).resolve('read after');
    expect(await reader).toBe('read after');
    await settle();
    expect(await two.leads.get(1)).toBe('read after');
  });
});

describe('work in the background', () => {
  it('runs without the AsyncLocalStorage of the request', async () => {
    const { clock, one } = await warmFleet();
    const request = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const load = () => {
      seen.push(request.getStore());
      return 'second';
    };
    await request.run('request 7', () => one.leads.getOrSet(1, load));
    await settle();
    await clock.advance(200_000);
    await request.run('request 8', () => one.leads.getOrSet(1, load)); // a miss: its own load
    expect(seen).toEqual([undefined, 'request 8']);
  });

  it('is drained by close', async () => {
    const { one, two } = await warmFleet();
    const { load, call } = heldLoader();
    await one.leads.getOrSet(1, load);
    await settle();
    let isClosed = false;
    const closing = one.cache.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect(isClosed).toBe(false);
    call(0).resolve('second');
    await closing;
    expect(one.stats()).toMatchObject({ refreshes: 1, stored: 2 });
    expect(two.stats().loads).toBe(0);
  });

  it('is not begun any more while a cache is being closed', async () => {
    const { clock, one } = fleet<string>(AHEAD);
    await one.leads.getOrSet(1, () => 'first');
    await one.leads.getOrSet(2, () => 'first');
    await clock.advance(96_000);
    const { load, call } = heldLoader();
    await one.leads.getOrSet(1, load);
    await settle();
    const closing = one.cache.close();
    expect(await one.leads.getOrSet(2, load)).toBe('first');
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    call(0).resolve('second');
    await closing;
  });
});

describe('a window of its own', () => {
  it.each([
    ['so long before the end', { window: '20s' }, 79_000, 81_000],
    ['a share of the TTL', { share: 0.3 }, 69_000, 71_000],
  ] as const)('%s', async (_what, refreshAhead, before, within) => {
    const { clock, one } = fleet<string>({ ttl: '100s', refreshAhead });
    const load = vi.fn(() => 'new');
    await one.leads.getOrSet(1, () => 'first');
    await clock.advance(before);
    expect(await one.leads.getOrSet(1, load)).toBe('first');
    await settle();
    expect(load).not.toHaveBeenCalled();
    await clock.advance(within - before);
    expect(await one.leads.getOrSet(1, load)).toBe('first');
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('is that of copies in this process as well', async () => {
    const clock = new FakeClock();
    const lead = { ttl: '100s', refreshAhead: { window: '20s' } } as const;
    const cache = createCache({ types: { lead }, local: true, clock, logger: false, random: () => 0 });
    const leads = cache.type('lead');
    await leads.set(1, 'first');
    await leads.get(1);
    const load = vi.fn(() => 'new');
    await clock.advance(79_000);
    expect(await leads.getOrSet(1, load)).toBe('first');
    await settle();
    expect(load).not.toHaveBeenCalled();
    await clock.advance(2_000);
    expect(await leads.getOrSet(1, load)).toBe('first');
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
    await cache.close();
  });

  it('is at most half of the TTL of a value, whatever that is', async () => {
    const { clock, one } = fleet<string>({ ttl: () => '10s', refreshAhead: { window: '1h' } });
    const load = vi.fn(() => 'new');
    await one.leads.getOrSet(1, () => 'first');
    await clock.advance(4_000);
    await one.leads.getOrSet(1, load);
    await settle();
    expect(load).not.toHaveBeenCalled();
    await clock.advance(2_000);
    await one.leads.getOrSet(1, load);
    await settle();
    expect(load).toHaveBeenCalledTimes(1);
  });
});
