import { describe, expect, it, vi } from 'vitest';
import { LoaderTimeoutError } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const SOFT = { ttl: '10s', grace: '1m', softTimeout: '2s' } as const;

async function staleFleet() {
  const all = fleet<string>(SOFT);
  await all.one.leads.getOrSet(1, () => 'old');
  await all.clock.advance(15_000);
  return all;
}

describe('softTimeout', () => {
  it('waits for a refresh that ends in time', async () => {
    const { clock, one } = await staleFleet();
    const { load, call } = heldLoader();
    const reader = one.leads.getOrSet(1, load);
    await clock.advance(1_999);
    call(0).resolve('new');
    expect(await reader).toBe('new');
    expect(one.stats()).toMatchObject({ stale: 0, hits: 0, misses: 2 });
    await settle();
    expect(clock.pendingTimers).toBe(0);
  });

  it('serves the stale value when it is over; the load goes on, is stored and served next', async () => {
    const { clock, one, two } = await staleFleet();
    const { load, call } = heldLoader();
    const reader = one.leads.getOrSet(1, load);
    await clock.advance(2_000);
    expect(await reader).toBe('old');
    await clock.advance(30_000);
    call(0).resolve('new');
    await settle();
    expect([await one.leads.getOrSet(1, load), await two.leads.getOrSet(1, load)]).toEqual(['new', 'new']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('serves the stale value at once when the refresh fails', async () => {
    const { clock, one } = await staleFleet();
    const before = clock.now();
    expect(await one.leads.getOrSet(1, () => Promise.reject(new Error('database gone')))).toBe('old');
    expect(clock.now()).toBe(before);
    expect(one.stats()).toMatchObject({ stale: 1, loadErrors: 1 });
  });

  it('is shared by all who wait, each for as long as he asked', async () => {
    const { clock, one } = await staleFleet();
    const { load, call } = heldLoader();
    const first = one.leads.getOrSet(1, load);
    await clock.advance(1_500);
    const second = one.leads.getOrSet(1, load);
    await clock.advance(1_500);
    expect(await first).toBe('old');
    call(0).resolve('new');
    expect(await second).toBe('new');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('gives the value that another process refreshed meanwhile', async () => {
    const { clock, one, two } = await staleFleet();
    const { load, call } = heldLoader();
    const there = one.leads.getOrSet(1, load);
    await settle();
    const here = two.leads.getOrSet(1, load);
    await clock.advance(500);
    call(0).resolve('new');
    await clock.advance(500);
    expect(await Promise.all([there, here])).toEqual(['new', 'new']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('does not keep a reader that finds one refresh after another refused', async () => {
    const { clock, one, two } = await staleFleet();
    const { load, call } = heldLoader();
    const owner = one.leads.getOrSet(1, load);
    await settle();
    const joiner = one.leads.getOrSet(1, load);
    await settle();
    await two.leads.expire(1);
    call(0).resolve('refused');
    expect([await owner, await joiner]).toEqual(['refused', 'old']); // the joiner looked again, found the old value, and took it
    await settle();
    call(1).resolve('new');
    await settle();
    expect(await two.leads.get(1)).toBe('new');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('hardTimeout', () => {
  const HARD = { ttl: '10s', hardTimeout: '3s' } as const;

  it('gives all who wait the same error, aborts the signal, and does not store the late value', async () => {
    const { clock, one } = fleet<string>(HARD);
    const { load, call } = heldLoader();
    const readers = [one.leads.getOrSet(1, load), one.leads.getOrSet(1, load)];
    await settle();
    const { signal } = call(0).context;
    readers.push(one.leads.getOrSet(1, load), one.leads.getOrSet(1, load)); // joiners
    const settled = Promise.allSettled(readers);
    await clock.advance(2_999);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    const outcomes = await settled;
    const reasons = new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : 'a value')));
    expect(reasons.size).toBe(1);
    const [error] = reasons;
    expect(error).toBeInstanceOf(LoaderTimeoutError);
    expect(LoaderTimeoutError.is(error)).toBe(true);
    expect(signal.reason).toBe(error);
    call(0).resolve('late');
    await settle();
    expect(await one.leads.get(1)).toBeUndefined();
    expect(one.stats()).toMatchObject({ loadTimeouts: 1, loadErrors: 1, loads: 1, stored: 0 });
  });

  it('gives a signal that is asked for too late, already aborted', async () => {
    const { clock, one } = fleet<string>(HARD);
    const { load, call } = heldLoader();
    const reader = one.leads.getOrSet(1, load);
    const rejected = expect(reader).rejects.toBeInstanceOf(LoaderTimeoutError);
    await clock.advance(3_000);
    await rejected;
    expect(call(0).context.signal.aborted).toBe(true);
  });

  it('hears nothing of a loader that fails after it', async () => {
    const { clock, one } = fleet<string>(HARD);
    const { load, call } = heldLoader();
    const reader = one.leads.getOrSet(1, load);
    const rejected = expect(reader).rejects.toBeInstanceOf(LoaderTimeoutError);
    await clock.advance(3_000);
    await rejected;
    call(0).reject(new Error('late')); // an unhandled rejection would fail this run
    await settle();
    expect(one.stats().loadErrors).toBe(1);
  });

  it('leaves no timer behind a loader that returns, rejects or throws at once', async () => {
    const { clock, one } = fleet<string>({ ...HARD, backoff: 0 });
    const thrown = (): never => {
      throw new Error('at once');
    };
    expect(await one.leads.getOrSet(1, () => 'Ada')).toBe('Ada');
    await expect(one.leads.getOrSet(2, () => Promise.reject(new Error('rejected')))).rejects.toThrow('rejected');
    await expect(one.leads.getOrSet(3, thrown)).rejects.toThrow('at once');
    await settle();
    expect(clock.pendingTimers).toBe(0);
    await clock.advance(10_000);
    expect(one.stats()).toMatchObject({ loadErrors: 2, loadTimeouts: 0 });
  });

  it('pauses after itself as after any failed load', async () => {
    const { clock, one, two } = fleet<string>(HARD);
    const { load } = heldLoader();
    const rejected = expect(one.leads.getOrSet(1, load)).rejects.toBeInstanceOf(LoaderTimeoutError);
    await clock.advance(3_000);
    await rejected;
    const second = vi.fn(() => 'Ada');
    const retry = two.leads.getOrSet(1, second);
    await clock.advance(240);
    expect(second).not.toHaveBeenCalled();
    await clock.advance(10);
    expect(await retry).toBe('Ada');
  });

  it('of a refresh leaves the stale value', async () => {
    const { clock, one } = fleet<string>({ ...HARD, grace: '1m' });
    await one.leads.getOrSet(1, () => 'old');
    await clock.advance(15_000);
    const { load, call } = heldLoader();
    expect(await one.leads.getOrSet(1, load)).toBe('old');
    await clock.advance(3_000);
    expect(call(0).context.signal.aborted).toBe(true);
    expect(await one.leads.getOrSet(1, load)).toBe('old');
    expect(one.stats()).toMatchObject({ stale: 2, loadTimeouts: 1 });
  });
});

describe('loads without a lease', () => {
  it('run 32 at a time, when another process takes longer than one waits', async () => {
    const { clock, one, two } = fleet<string>({ ttl: '1h', wait: '1s' });
    const there = heldLoader();
    const keys = Array.from({ length: 40 }, (_, index) => index);
    const owners = keys.map((key) => one.leads.getOrSet(key, there.load));
    await settle();
    const here = heldLoader();
    const waiting = keys.map((key) => two.leads.getOrSet(key, here.load));
    await clock.advance(900);
    expect(here.load).not.toHaveBeenCalled();
    await clock.advance(1_000);
    expect(here.load).toHaveBeenCalledTimes(32);
    for (let index = 0; index < 8; index++) here.call(index).resolve('unfenced');
    await clock.advance(200);
    expect(here.load).toHaveBeenCalledTimes(40);
    for (let index = 8; index < 40; index++) here.call(index).resolve('unfenced');
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['unfenced']));
    expect(two.stats().stored).toBe(0);
    for (const key of keys) there.call(key).resolve('leased');
    await Promise.all(owners);
    await settle();
    expect(await two.leads.get(0)).toBe('leased');
  });
});
