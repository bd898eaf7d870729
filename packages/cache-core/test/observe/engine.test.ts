import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/clock.ts';
import { type CacheEventName, createCache, memoryStore, type Store } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

function open(store?: Store) {
  const clock = new FakeClock();
  const types = { lead: { ttl: '1h', jitter: 0, hardTimeout: '1s' } } as const;
  const cache = createCache({ types, clock, store, storeBudget: false, latency: true, logger: false });
  const told: unknown[] = [];
  const hear = (name: CacheEventName) => cache.on(name, (event) => told.push(event));
  return { cache, leads: cache.type('lead'), clock, told, hear };
}
const subject = { type: 'lead', key: 'lead:1' };

describe('the engine tells', () => {
  it('how long a load took', async () => {
    const { cache, leads, clock, told, hear } = open();
    hear('load');
    const value = leads.getOrSet(1, () => sleep(clock, 20).then(() => 'Ada'));
    await clock.advance(20);
    await value;
    expect(told).toEqual([{ ...subject, loadMs: 20 }]);
    await settle();
    expect(cache.stats().lead.latency).toMatchObject({ read: { count: 1 }, load: { count: 1 }, fill: { count: 1 } });
  });

  it('the error of a load', async () => {
    const { leads, told, hear } = open();
    hear('loadError');
    hear('load');
    const error = new Error('thrown by the source');
    await expect(leads.getOrSet(1, () => Promise.reject(error))).rejects.toBe(error);
    expect(told).toEqual([{ ...subject, error }]);
  });

  it('that a load took too long', async () => {
    const { leads, clock, told, hear } = open();
    hear('loadTimeout');
    hear('loadError');
    const value = leads.getOrSet(1, () => new Promise(() => {})).catch((error: unknown) => error);
    await clock.advance(1_000);
    const error = await value;
    expect(error).toMatchObject({ code: 'HUNTLY_LOADER_TIMEOUT' });
    expect(told).toEqual([
      { ...subject, error },
      { ...subject, error },
    ]);
  });

  it('why the store failed to answer', async () => {
    const error = new Error('no answer');
    const refuse = () => Promise.reject(error);
    const { leads, told, hear } = open(Object.assign(memoryStore(), { read: refuse, lease: refuse }));
    hear('storeError');
    await leads.getOrSet(1, () => 'Ada');
    expect(told).toEqual([{ ...subject, error }]);
  });

  it('how many bytes the store gave', async () => {
    const { cache, leads } = open();
    await leads.set(1, 'Ada');
    await leads.get(1);
    await leads.get(1);
    expect(cache.stats().lead).toMatchObject({ bytesWritten: 5, bytesRead: 10 });
  });
});
