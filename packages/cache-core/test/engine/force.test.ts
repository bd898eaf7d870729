import { describe, expect, it, vi } from 'vitest';
import { createCache } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const TYPE = { ttl: '1h' } as const;
const FORCE = { force: true } as const;

async function warmFleet(type: Parameters<typeof fleet<string>>[0] = TYPE) {
  const all = fleet<string>(type);
  await all.one.leads.set(1, 'old');
  return all;
}

describe('a forced read', () => {
  it('loads whatever is stored, knows what it replaces, and stores the new value', async () => {
    const { one, two } = await warmFleet();
    const load = vi.fn(({ previous }) => `after ${previous}`);
    expect(await one.leads.getOrSet(1, load, FORCE)).toBe('after old');
    await settle();
    expect(await two.leads.get(1)).toBe('after old');
    expect(one.stats()).toMatchObject({ hits: 0, misses: 0, loads: 1 });
  });

  it('leaves the old value to all others meanwhile', async () => {
    const { one, two } = await warmFleet();
    const { load, call } = heldLoader();
    const forced = one.leads.getOrSet(1, load, FORCE);
    await settle();
    expect(await one.leads.getOrSet(1, () => 'never')).toBe('old');
    expect(await two.leads.getOrSet(1, () => 'never')).toBe('old');
    call(0).resolve('new');
    expect(await forced).toBe('new');
  });

  it('that fails gets the error, and the old value stays', async () => {
    const { clock, one, two } = await warmFleet();
    const error = new Error('the source is down');
    await expect(one.leads.getOrSet(1, () => Promise.reject(error), FORCE)).rejects.toBe(error);
    await settle();
    expect(await two.leads.getOrSet(1, () => 'never')).toBe('old');
    const again = one.leads.getOrSet(1, () => 'new', FORCE); // after the pause that follows a failed load
    await clock.advance(300);
    expect(await again).toBe('new');
  });

  it('takes the load of another process for its own', async () => {
    const { clock, one, two } = await warmFleet();
    const { load, call } = heldLoader();
    const first = one.leads.getOrSet(1, load, FORCE);
    await settle();
    const second = two.leads.getOrSet(1, load, FORCE);
    await settle();
    call(0).resolve('new');
    expect(await first).toBe('new');
    await clock.advance(300);
    expect(await second).toBe('new');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('is one load for 1,000 callers, and one more for each later one', async () => {
    const { one } = await warmFleet();
    let loads = 0;
    const load = () => `load ${++loads}`;
    const all = await Promise.all(Array.from({ length: 1_000 }, () => one.leads.getOrSet(1, load, FORCE)));
    expect(new Set(all)).toEqual(new Set(['load 1']));
    await settle();
    expect(await one.leads.getOrSet(1, load, FORCE)).toBe('load 2');
  });

  it('stores nothing that was invalidated while it was loaded', async () => {
    const { one, two } = await warmFleet();
    const { load, call } = heldLoader();
    const forced = one.leads.getOrSet(1, load, FORCE);
    await settle();
    const late = one.leads.getOrSet(1, () => 'newest', FORCE);
    await settle();
    await two.leads.invalidate(1);
    call(0).resolve('new');
    expect(await forced).toBe('new');
    expect(await late).toBe('newest');
    await settle();
    expect(await two.leads.get(1)).toBe('newest');
  });

  it('passes by the copies of this process, and by a stale value', async () => {
    const cache = createCache({ types: { lead: TYPE }, local: true, logger: false });
    const leads = cache.type('lead');
    await leads.set(1, 'old');
    await leads.get(1);
    expect(await leads.getOrSet(1, () => 'never')).toBe('old');
    expect(await leads.getOrSet(1, () => 'new', FORCE)).toBe('new');
    await settle();
    expect(await leads.getOrSet(1, () => 'never')).toBe('new');
    await cache.close();

    const { clock, one } = await warmFleet({ ttl: '10s', grace: '1m' });
    await clock.advance(15_000);
    expect(await one.leads.getOrSet(1, () => 'new', FORCE)).toBe('new');
  });

  it('loads where the store does not answer, and where the cache is off', async () => {
    const { one, store } = await warmFleet();
    vi.spyOn(store, 'read').mockRejectedValue(new Error('gone'));
    expect(await one.leads.getOrSet(1, () => 'new', FORCE)).toBe('new');
    const off = createCache({ types: { lead: TYPE }, enabled: false, logger: false });
    expect(await off.type('lead').getOrSet(1, () => 'new', FORCE)).toBe('new');
  });

  it('of several values loads all of them in one call', async () => {
    const { one } = await warmFleet();
    await one.leads.set(2, 'old');
    const load = vi.fn(async (missing: readonly unknown[]) => missing.map((id) => `new ${id}`));
    expect(await one.leads.getOrSetMany([2, 1], load, FORCE)).toEqual(['new 2', 'new 1']);
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('in two steps is a claim of a value that is there', async () => {
    const { one, two } = await warmFleet();
    const claim = await one.leads.claim(1, FORCE);
    expect(claim).toMatchObject({ hit: false, previous: 'old' });
    expect(await two.leads.get(1)).toBe('old');
    if (!claim.hit) await claim.fill('new');
    expect(await two.leads.get(1)).toBe('new');
  });
});
