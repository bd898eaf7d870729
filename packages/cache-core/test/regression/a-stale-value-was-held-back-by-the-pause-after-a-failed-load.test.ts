import { describe, expect, it, vi } from 'vitest';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from '../engine/fixtures.ts';

const TYPE = { ttl: '10s', grace: '1h', softTimeout: '2s', backoff: '1s' } as const;
const gone = () => Promise.reject(new Error('database gone'));

async function staleFleet() {
  const all = fleet<string>(TYPE);
  await all.one.leads.getOrSet(1, () => 'old');
  await all.clock.advance(15_000);
  return all;
}

describe('after a failed load, a reader with softTimeout', () => {
  it('gets the stale value at once, in the process that failed and in another one', async () => {
    const { clock, one, two } = await staleFleet();
    expect(await one.leads.getOrSet(1, gone)).toBe('old');
    await settle(); // the release with its pause
    const before = clock.now();
    const load = vi.fn(gone);
    for (const { leads } of [one, two, one, two]) expect(await leads.getOrSet(1, load)).toBe('old');
    expect(await two.leads.getOrSetMany([1], load)).toEqual(['old']);
    expect(clock.now()).toBe(before);
    expect(load).not.toHaveBeenCalled();
    await settle();
    expect(clock.pendingTimers).toBe(0);
  });

  it('who waits for the load of another process gets it when that fails', async () => {
    const { clock, one, two } = await staleFleet();
    const { load, call } = heldLoader();
    const there = one.leads.getOrSet(1, load);
    await settle();
    const here = two.leads.getOrSet(1, gone);
    await clock.advance(500);
    call(0).reject(new Error('database gone'));
    expect(await there).toBe('old');
    await clock.advance(200); // one step of the poll, not the rest of softTimeout
    expect(await here).toBe('old');
  });

  it('asks the source again when the pause is over', async () => {
    const { clock, one, two } = await staleFleet();
    expect(await one.leads.getOrSet(1, gone)).toBe('old');
    expect(await two.leads.getOrSet(1, gone)).toBe('old');
    await clock.advance(1_000);
    expect(await two.leads.getOrSet(1, () => 'new')).toBe('new');
  });

  it('and hardTimeout gets it as well', async () => {
    const { clock, one, two } = fleet<string>({ ...TYPE, hardTimeout: '1s' });
    await one.leads.getOrSet(1, () => 'old');
    await clock.advance(15_000);
    const { load } = heldLoader();
    const first = one.leads.getOrSet(1, load);
    await clock.advance(1_000);
    expect(await first).toBe('old');
    await settle();
    expect(await two.leads.getOrSet(1, load)).toBe('old');
    expect(load).toHaveBeenCalledTimes(1);
  });
});
