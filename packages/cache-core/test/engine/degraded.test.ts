import { describe, expect, it, vi } from 'vitest';
import { LastSeen } from '../../src/engine/last-seen.ts';
import { createCache, memoryStore } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';
import { fleet, heldLoader } from './fixtures.ts';

const TYPE = { ttl: '1h', degraded: { ttl: '1s' } } as const;
const DOWN = new Error('the source is down');
const fail = () => Promise.reject(DOWN);

/** Two caches on one store, which a test takes away. */
function outage(type: Parameters<typeof fleet<string>>[0] = TYPE) {
  const all = fleet<string>(type);
  const methods = ['read', 'lease', 'fill', 'invalidate', 'expire'] as const;
  const takeAway = () => {
    const gone = methods.map((method) => vi.spyOn(all.store, method).mockRejectedValue(new Error('gone')));
    return () => {
      for (const spy of gone) spy.mockRestore();
    };
  };
  return { ...all, takeAway };
}

describe('while neither the store nor the source answers', () => {
  it('a read has what this process saw last, at most that long ago; then it has the error', async () => {
    const { clock, one, takeAway } = outage();
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    const giveBack = takeAway();
    expect(await one.leads.getOrSet(1, fail)).toBe('seen');
    await clock.advance(1_000);
    expect(await one.leads.getOrSet(1, fail)).toBe('seen');
    await clock.advance(1);
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
    giveBack();
    expect(await one.leads.getOrSet(1, fail)).toBe('seen'); // the store has it
    expect(one.stats()).toMatchObject({ degraded: 2, hits: 1, loadErrors: 3 });
  });

  it('it is told as a hit of its own tier', async () => {
    const { one, takeAway } = outage();
    const heard = vi.fn();
    one.cache.on('hit', heard);
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    await one.leads.getOrSet(1, fail);
    expect(heard.mock.calls).toEqual([[{ type: 'lead', key: 'lead:1', tier: 'degraded' }]]);
  });

  it('what it read from the store is seen, and what it loaded without the store', async () => {
    const { one, two, takeAway } = outage();
    await one.leads.set(1, 'stored');
    await two.leads.get(1);
    takeAway();
    await two.leads.getOrSet(2, () => 'loaded');
    await settle();
    expect(await two.leads.getOrSet(1, fail)).toBe('stored');
    expect(await two.leads.getOrSet(2, fail)).toBe('loaded');
  });

  it('each reader has a value of its own', async () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    const leads = createCache({ types: { lead: TYPE }, store, clock, logger: false }).type('lead');
    await leads.getOrSet(1, () => ({ name: 'Ada' }));
    await settle();
    await store.close();
    const [first, second] = [await leads.getOrSet(1, fail), await leads.getOrSet(1, fail)];
    expect(first).toEqual({ name: 'Ada' });
    expect(first).not.toBe(second);
  });

  it('those who share a failing load have it, and those of a batch', async () => {
    const { one, takeAway } = outage();
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    const { load, call } = heldLoader();
    const readers = [one.leads.getOrSet(1, load), one.leads.getOrSet(1, load)];
    await settle();
    call(0).reject(DOWN);
    expect(await Promise.all(readers)).toEqual(['seen', 'seen']);
    const settled = await one.leads.getOrSetManySettled([1, 2], fail);
    expect(settled).toEqual([
      { status: 'fulfilled', value: 'seen' },
      { status: 'rejected', reason: DOWN },
    ]);
  });

  it('a loader that takes longer than its hardTimeout is a source that is down', async () => {
    const { clock, one, takeAway } = outage({ ...TYPE, hardTimeout: '100ms' });
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    const { load, call } = heldLoader();
    const read = one.leads.getOrSet(1, load);
    await clock.advance(100);
    expect(await read).toBe('seen');
    call(0).resolve('too late');
  });
});

describe('it is no answer', () => {
  it('where it is not asked for', async () => {
    const { one, takeAway } = outage({ ttl: '1h' });
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
  });

  it('for get and claim, which ask no source; nor for a forced read, and a caller that has left', async () => {
    const { one, takeAway } = outage();
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    expect(await one.leads.get(1)).toBeUndefined();
    const claim = await one.leads.claim(1);
    if (!claim.hit) await claim.release();
    expect(claim.hit).toBe(false);
    await expect(one.leads.getOrSet(1, fail, { force: true })).rejects.toBe(DOWN);
    const client = new AbortController();
    const { load, call } = heldLoader();
    const leaving = one.leads.getOrSet(1, load, { signal: client.signal });
    await settle();
    client.abort(DOWN);
    await expect(leaving).rejects.toBe(DOWN);
    call(0).reject(DOWN);
  });

  it('while the store answers that there is nothing, as another process has invalidated it', async () => {
    const { one, two, takeAway } = outage();
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    await two.leads.invalidate(1);
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
    takeAway();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
  });

  it.each([
    ['a key', (all: ReturnType<typeof outage>) => all.one.leads.invalidate(1)],
    ['a tag', (all: ReturnType<typeof outage>) => all.one.cache.invalidateTags(['acme'])],
    ['a type', (all: ReturnType<typeof outage>) => all.one.leads.invalidateAll()],
    ['a set', (all: ReturnType<typeof outage>) => all.one.leads.set(1, 'newer')],
    ['a barrier', (all: ReturnType<typeof outage>) => all.one.cache.barrier()],
    ['the end of the cache', (all: ReturnType<typeof outage>) => all.one.cache.close()],
  ])('after %s of this process, whether or not the store hears of it', async (_what, change) => {
    const all = outage();
    await all.one.leads.getOrSet(1, () => 'seen', { tags: ['acme'] });
    await settle();
    all.takeAway();
    await change(all);
    await expect(all.one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
  });

  it('after an invalidation of this process that came while it was read or loaded', async () => {
    const { one, two, store, takeAway } = outage();
    await two.leads.set(1, 'old');
    const { read } = store;
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    vi.spyOn(store, 'read').mockImplementationOnce(async (keys) => {
      const replies = await read.call(store, keys);
      await held;
      return replies;
    });
    const reading = one.leads.get(1);
    await settle();
    await one.leads.invalidate(1);
    answer();
    await reading;
    takeAway();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
    const { load, call } = heldLoader();
    const loading = one.leads.getOrSet(1, load);
    await settle();
    await one.leads.invalidate(1);
    call(0).resolve('old');
    expect(await loading).toBe('old');
    await settle();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
  });
});

describe('what was seen last', () => {
  it('is bounded by bytes, over all types and children', async () => {
    const { one, takeAway } = outage();
    const large = 'x'.repeat(4_000_000);
    for (let id = 1; id <= 5; id++) await one.leads.getOrSet(id, () => `${id}${large}`);
    await settle();
    takeAway();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
    expect(await one.leads.getOrSet(5, fail)).toBe(`5${large}`);
  });

  it('keeps its bytes alone, not the reply that they came with', () => {
    const lastSeen = new LastSeen();
    lastSeen.see('lead:1', lastSeen.begin(0), Buffer.alloc(1_000_000).subarray(0, 100));
    expect(lastSeen.find('lead:1', 0)).toHaveLength(100);
    expect(lastSeen.find('lead:1', 0)?.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize);
  });

  it('and cannot be read any more leaves the error of the source', async () => {
    const codec = {
      encode: (value: string) => Buffer.from(value),
      decode: () => {
        throw new Error('unreadable');
      },
    };
    const { one, takeAway } = outage({ ...TYPE, codec });
    await one.leads.getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
  });

  it('is shared by a cache and its children, under their own keys', async () => {
    const { one, takeAway } = outage();
    const child = one.cache.child('acme');
    await child.type('lead').getOrSet(1, () => 'seen');
    await settle();
    takeAway();
    await child.close();
    await expect(one.leads.getOrSet(1, fail)).rejects.toBe(DOWN);
    expect(await one.cache.child('acme').type('lead').getOrSet(1, fail)).toBe('seen');
  });

  it.each([[true], [{}], ['1s'], [{ ttl: Number.NaN }], [{ ttl: '2h' }], [{ ttl: '1s', x: 1 }], [null]])(
    'is refused as %j',
    (degraded) => {
      const open = () => createCache({ types: { lead: { ttl: '1h', degraded: degraded as never } }, logger: false });
      expect(open).toThrow('types.lead.degraded');
    },
  );
});
