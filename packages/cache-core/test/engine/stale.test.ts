import { describe, expect, it, vi } from 'vitest';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const STALE = { stale: true } as const;

async function staleFleet() {
  const all = fleet<string>({ ttl: '10s', grace: '1m' });
  await all.one.leads.set(1, 'old');
  await all.clock.advance(15_000);
  return all;
}

describe('a read with stale', () => {
  it('gives a stale value at once, and begins no load', async () => {
    const { one, store } = await staleFleet();
    const lease = vi.spyOn(store, 'lease');
    expect(await one.leads.get(1, STALE)).toBe('old');
    expect(await one.leads.getMany([2, 1], STALE)).toEqual([undefined, 'old']);
    expect(await one.leads.peek(1, STALE)).toBe('old');
    expect(await one.leads.get(1, { stale: false })).toBeUndefined();
    await settle();
    expect(lease).not.toHaveBeenCalled();
    expect(one.stats()).toMatchObject({ stale: 2, hits: 0, misses: 2 });
  });

  it('gives a fresh value as a hit', async () => {
    const { one } = fleet<string>({ ttl: '10s', grace: '1m' });
    await one.leads.set(1, 'new');
    expect(await one.leads.get(1, STALE)).toBe('new');
    expect(one.stats()).toMatchObject({ stale: 0, hits: 1 });
  });

  it('gives nothing that was invalidated, or is past its grace', async () => {
    const { clock, one, two } = await staleFleet();
    await two.leads.invalidate(1);
    expect(await one.leads.get(1, STALE)).toBeUndefined();
    await one.leads.set(2, 'old', { tags: ['acme'] });
    await clock.advance(15_000);
    await two.cache.invalidateTags(['acme']);
    expect(await one.leads.get(2, STALE)).toBeUndefined();
    await one.leads.set(3, 'old');
    await clock.advance(70_001);
    expect(await one.leads.get(3, STALE)).toBeUndefined();
  });

  it('takes no notice of a load that runs', async () => {
    const { one } = await staleFleet();
    const { load, call } = heldLoader();
    await one.leads.getOrSet(1, load);
    await settle();
    expect(await one.leads.get(1, STALE)).toBe('old');
    call(0).resolve('new');
    await settle();
    expect(await one.leads.get(1, STALE)).toBe('new');
  });
});

describe('grace', () => {
  it('may be told by the value, for a type and for a call', async () => {
    const grace = (value: string) => (value === 'dear' ? '1m' : 0) as '1m' | 0;
    const { clock, one } = fleet<string>({ ttl: '10s', grace });
    await one.leads.getOrSet(1, () => 'dear');
    await one.leads.getOrSet(2, () => 'cheap');
    await one.leads.getOrSet(3, () => 'cheap', { grace: () => '30s' });
    await one.leads.setMany([[4, 'cheap', { grace: '1m' }]]);
    await clock.advance(15_000);
    expect(await one.leads.getMany([1, 2, 3, 4], STALE)).toEqual(['dear', undefined, 'cheap', 'cheap']);
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('dear');
    expect(await one.leads.getOrSet(2, () => 'new')).toBe('new');
    await clock.advance(30_000);
    expect(await one.leads.get(3, STALE)).toBeUndefined();
  });

  it.each([
    ['NaN', () => Number.NaN],
    ['nothing', () => undefined],
    ['a promise', () => Promise.reject(new Error('late'))],
    [
      'an error',
      () => {
        throw new Error('no grace');
      },
    ],
  ])('that gives %s costs the value its place, and no caller its value', async (_what, grace) => {
    const { one } = fleet<string>({ ttl: '10s', grace: grace as never });
    expect(await one.leads.getOrSet(1, () => 'new')).toBe('new');
    await settle();
    expect(await one.leads.exists(1)).toBe(false);
    expect(one.stats().uncacheable).toBe(1);
  });
});
