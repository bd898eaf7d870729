import { getEventListeners } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { createCache } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const TYPE = { ttl: '1h' } as const;
const GONE = new Error('the client has gone');

/** One call of a batch loader that a test lets go when it likes. */
function heldBatch() {
  let resolve = (_values: string[]) => {};
  const loaded = new Promise<string[]>((onResolve) => {
    resolve = onResolve;
  });
  return { loadMissing: () => loaded, finish: (values: string[]) => resolve(values) };
}

/** A load that another process has begun. */
async function elsewhere(held = heldLoader()) {
  const all = fleet<string>(TYPE);
  const other = all.two.leads.getOrSet(1, held.load);
  await settle();
  return { ...all, other, held };
}

describe('a caller that leaves with its signal', () => {
  it('gets the reason of the signal; the load goes on for the others, and is stored', async () => {
    const { one } = fleet<string>(TYPE);
    const { load, call } = heldLoader();
    const client = new AbortController();
    const leaving = one.leads.getOrSet(1, load, { signal: client.signal });
    const staying = one.leads.getOrSet(1, load);
    await settle();
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    expect(call(0).context.signal.aborted).toBe(false);
    call(0).resolve('new');
    expect(await staying).toBe('new');
    await settle();
    expect(await one.leads.get(1)).toBe('new');
    expect(load).toHaveBeenCalledTimes(1);
  });

  it('and was the only one: the value is stored all the same', async () => {
    const { one } = fleet<string>(TYPE);
    const { load, call } = heldLoader();
    const client = new AbortController();
    const leaving = one.leads.getOrSet(1, load, { signal: client.signal });
    await settle();
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    call(0).resolve('new');
    await settle();
    expect(await one.leads.get(1)).toBe('new');
  });

  it('hears nothing of an error that comes later, and nor does the process', async () => {
    const { one, clock } = fleet<string>(TYPE);
    const { load, call } = heldLoader();
    const client = new AbortController();
    const leaving = one.leads.getOrSet(1, load, { signal: client.signal });
    await settle();
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    call(0).reject(new Error('too late'));
    await settle();
    expect(one.stats().loadErrors).toBe(1);
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('before its loader was called: its loader is not called, and one of those who wait loads', async () => {
    const { clock, one, other, held } = await elsewhere();
    const client = new AbortController();
    const mine = vi.fn(() => 'mine');
    const leaving = one.leads.getOrSet(1, mine, { signal: client.signal });
    const waiting = one.leads.getOrSet(1, () => 'of the one who waits');
    await clock.advance(100);
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    held.call(0).reject(new Error('the source is down'));
    await expect(other).rejects.toThrow('the source is down');
    await clock.advance(2_000);
    expect(await waiting).toBe('of the one who waits');
    expect(mine).not.toHaveBeenCalled();
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('while it waits for another process: it asks for the lease no more', async () => {
    const { clock, one, other, held, store } = await elsewhere();
    const client = new AbortController();
    const leaving = one.leads.getOrSet(1, () => 'mine', { signal: client.signal });
    await clock.advance(100);
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    const lease = vi.spyOn(store, 'lease');
    await clock.advance(2_000);
    expect(lease.mock.calls.length).toBeLessThanOrEqual(1); // it was waiting to ask
    held.call(0).resolve('new');
    await other;
  });

  it('while it waits for a load of this process that comes to nothing: it does not take its place', async () => {
    const { one, store } = fleet<string>(TYPE);
    const held = heldLoader();
    const skipping = one.leads.getOrSet(1, (context) => {
      context.skip();
      return held.load(context);
    });
    await settle();
    const client = new AbortController();
    const leaving = one.leads.getOrSet(1, () => 'mine', { signal: client.signal });
    await settle();
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    const lease = vi.spyOn(store, 'lease');
    held.call(0).resolve('for its owner alone');
    await skipping;
    await settle();
    expect(lease).not.toHaveBeenCalled();
  });

  it('while its lease is under way: it is given back', async () => {
    const { one, two, store } = fleet<string>(TYPE);
    const { lease } = store;
    const client = new AbortController();
    vi.spyOn(store, 'lease').mockImplementationOnce(async (key, options) => {
      const reply = await lease.call(store, key, options);
      client.abort(GONE);
      return reply;
    });
    const mine = vi.fn(() => 'mine');
    await expect(one.leads.getOrSet(1, mine, { signal: client.signal })).rejects.toBe(GONE);
    await settle();
    expect(await two.leads.getOrSet(1, () => 'yours')).toBe('yours'); // without waiting: no timer has moved
    expect(mine).not.toHaveBeenCalled();
  });

  it('while it waits for a claim, which is then given back', async () => {
    const { one, two, store } = fleet<string>(TYPE);
    const { lease } = store;
    const client = new AbortController();
    vi.spyOn(store, 'lease').mockImplementationOnce(async (key, options) => {
      client.abort(GONE);
      return lease.call(store, key, options);
    });
    await expect(one.leads.claim(1, { signal: client.signal })).rejects.toBe(GONE);
    await settle();
    expect((await two.leads.claim(1)).hit).toBe(false);
  });

  it('and has its claim keeps it: the signal ends the waiting alone', async () => {
    const { one } = fleet<string>(TYPE);
    const client = new AbortController();
    const claim = await one.leads.claim(1, { signal: client.signal });
    client.abort(GONE);
    if (!claim.hit) await claim.fill('new');
    expect(await one.leads.get(1)).toBe('new');
  });

  it('of a stale value leaves its refresh alone', async () => {
    const { clock, one } = fleet<string>({ ttl: '10s', grace: '1m', softTimeout: '1s' });
    await one.leads.getOrSet(1, () => 'old');
    await clock.advance(15_000);
    const { load, call } = heldLoader();
    const client = new AbortController();
    const leaving = one.leads.getOrSet(1, load, { signal: client.signal });
    await settle();
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    call(0).resolve('new');
    await settle();
    expect(await one.leads.get(1)).toBe('new');
  });

  it('that was aborted before asks nothing, whatever is stored', async () => {
    const { one, store } = fleet<string>(TYPE);
    await one.leads.set(1, 'stored');
    const read = vi.spyOn(store, 'read');
    const load = vi.fn(() => 'new');
    const options = { signal: AbortSignal.abort(GONE) };
    await expect(one.leads.getOrSet(1, load, options)).rejects.toBe(GONE);
    await expect(one.leads.claim(1, options)).rejects.toBe(GONE);
    await expect(one.leads.get(1, options)).rejects.toBe(GONE);
    await expect(one.leads.getMany([1], options)).rejects.toBe(GONE);
    await expect(one.leads.getOrSetMany([1], async () => ['new'], options)).rejects.toBe(GONE);
    expect(read).not.toHaveBeenCalled();
    expect(load).not.toHaveBeenCalled();
  });

  it('that was aborted before gets no copy of this process either', async () => {
    const cache = createCache({ types: { lead: TYPE }, local: true, logger: false });
    const leads = cache.type('lead');
    await leads.set(1, 'stored');
    await leads.get(1);
    await expect(leads.getOrSet(1, () => 'new', { signal: AbortSignal.abort(GONE) })).rejects.toBe(GONE);
    expect(cache.stats().lead.localHits).toBe(0);
    await cache.close();
  });

  it('of get and getMany does not wait for the store', async () => {
    const { one, store } = fleet<string>(TYPE);
    vi.spyOn(store, 'read').mockReturnValue(new Promise(() => {}));
    const client = new AbortController();
    const { signal } = client;
    const reads = [one.leads.get(1, { signal }), one.leads.peek(2, { signal }), one.leads.getMany([3, 4], { signal })];
    await settle();
    client.abort(GONE);
    expect((await Promise.allSettled(reads)).map((read) => Reflect.get(read, 'reason'))).toEqual([GONE, GONE, GONE]);
  });

  it('of a cache that is off leaves as well', async () => {
    const cache = createCache({ types: { lead: TYPE }, enabled: false, logger: false });
    const client = new AbortController();
    const { load, call } = heldLoader();
    const leaving = cache.type('lead').getOrSet(1, load as never, { signal: client.signal });
    client.abort(GONE);
    await expect(leaving).rejects.toBe(GONE);
    call(0).resolve('new');
  });
});

describe('a signal', () => {
  it('has one listener, however many reads share it, and none once they are over', async () => {
    const { one } = fleet<string>(TYPE);
    const { signal } = new AbortController();
    const { load, call } = heldLoader();
    const reads = [1, 2, 3].map((id) => one.leads.getOrSet(id, load, { signal }));
    await settle();
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const index of [0, 1, 2]) call(index).resolve('new');
    await Promise.all(reads);
    await settle();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('ends a batch, whose values are stored all the same', async () => {
    const { one } = fleet<string>(TYPE);
    const client = new AbortController();
    const { loadMissing, finish } = heldBatch();
    const batch = one.leads.getOrSetMany([1, 2], loadMissing, { signal: client.signal });
    await settle();
    client.abort(GONE);
    await expect(batch).rejects.toBe(GONE);
    finish(['one', 'two']);
    await settle();
    expect(await one.leads.getMany([1, 2])).toEqual(['one', 'two']);
  });

  it('ends those of a batch that still wait, where each value settles by itself', async () => {
    const { one } = fleet<string>(TYPE);
    await one.leads.set(1, 'stored');
    const client = new AbortController();
    const { loadMissing, finish } = heldBatch();
    const batch = one.leads.getOrSetManySettled([1, 2], loadMissing, { signal: client.signal });
    await settle();
    client.abort(GONE);
    expect(await batch).toEqual([
      { status: 'fulfilled', value: 'stored' },
      { status: 'rejected', reason: GONE },
    ]);
    finish(['new']);
    await settle();
    expect(await one.leads.get(2)).toBe('new');
  });
});
