import { describe, expect, it, vi } from 'vitest';
import { Cache, createCache, memoryStore, StoreUnavailableError } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';
import { heldLoader } from '../engine/fixtures.ts';

const types = { lead: { ttl: '1h' }, report: { ttl: '1h' } } as const;
const open = (options: { local?: boolean; latency?: boolean } = {}) =>
  createCache({ types, namespace: 'shop', store: memoryStore(), logger: false, random: () => 0, ...options });

describe('statistics', () => {
  it('of a parent show its children where they are asked for, also when those are closed', async () => {
    const shop = open({ latency: true });
    const eu = shop.child('eu');
    const north = eu.child('north');
    await shop.type('lead').getOrSet(1, () => 'Ada');
    await eu.type('lead').getOrSet(1, () => 'Bob');
    await north.type('lead').getOrSet(1, () => 'Cleo');
    await north.close();
    await eu.type('lead').get(1);
    const own = shop.stats().lead;
    const all = shop.stats({ children: true }).lead;
    expect([own.loads, eu.stats().lead.loads, eu.stats({ children: true }).lead.loads, all.loads]).toEqual([
      1, 1, 2, 3,
    ]);
    expect([own.hits, all.hits]).toEqual([0, 1]);
    expect(all.hitRatio).toBe(0.25);
    expect(all.bytesWritten).toBeGreaterThan(own.bytesWritten);
    expect([own.latency?.load?.count, all.latency?.load?.count]).toEqual([1, 3]);
    expect(shop.stats({ children: true }).report.latency?.load).toBeUndefined();
  });

  it('of a parent have the types that only a child has', async () => {
    const shop = open();
    await shop
      .child('eu')
      .addType('http', { ttl: '1h' })
      .getOrSet(1, () => 'Ada');
    expect(shop.stats({ children: true })).toMatchObject({ http: { loads: 1 } });
    expect(shop.stats()).not.toHaveProperty('http');
  });
});

describe('events', () => {
  it('of the store and the channel reach listeners of a child, until it is closed', async () => {
    const clock = new FakeClock();
    const store = memoryStore({ clock });
    const shop = createCache({ types, namespace: 'shop', store, local: true, clock, logger: false });
    const eu = shop.child('eu').child('north');
    const heard: unknown[] = [];
    eu.on('store', ({ state }) => heard.push(state));
    eu.on('channel', ({ state }) => heard.push(state));
    await settle();
    expect(heard).toContain('up');
    heard.length = 0;
    vi.spyOn(store, 'read').mockImplementation(() => new Promise(() => {}));
    for (let id = 0; id < 5; id++) {
      const read = eu.type('lead').get(id);
      await clock.advance(50);
      await read;
    }
    expect(heard).toEqual(['not asked']);
    await eu.close();
    await shop.close();
    expect(heard).toEqual(['not asked']);
  });

  it('of children reach a listener of the parent that asks for them, once', async () => {
    const shop = open();
    const eu = shop.child('eu').child('north');
    const own = vi.fn();
    const all = vi.fn();
    shop.on('invalidated', own);
    const stop = shop.on('invalidated', all, { children: true });
    await eu.type('lead').invalidate(1);
    await shop.type('lead').invalidate(1);
    expect([own, all].map(({ mock }) => mock.calls.length)).toEqual([1, 2]);
    expect(all.mock.calls[0]).toEqual([
      { targets: [{ kind: 'key', key: eu.type('lead').keyOf(1) }], removed: 0, applied: true },
    ]);
    stop();
    await eu.type('lead').invalidate(1);
    expect(all).toHaveBeenCalledTimes(2);
  });

  it('tell of expire, but not where the store was not told', async () => {
    const shop = open();
    const leads = shop.type('lead');
    const expired = vi.fn();
    shop.on('expired', expired);
    expect(await leads.expire(1)).toBe(true);
    expect(expired.mock.calls).toEqual([[{ type: 'lead', key: leads.keyOf(1) }]]);
    await shop.close();
    expect(await leads.expire(1)).toBe(false);
    expect(expired).toHaveBeenCalledTimes(1);
  });
});

describe('children of one name', () => {
  it('share a load', async () => {
    const shop = open();
    const { load, call } = heldLoader<unknown>();
    const reads = [shop.child('eu'), shop.child('eu'), shop.child('us')].map((child) =>
      child.type('lead').getOrSet(1, load),
    );
    await settle();
    expect(load).toHaveBeenCalledTimes(2);
    call(0).resolve('eu');
    call(1).resolve('us');
    expect(await Promise.all(reads)).toEqual(['eu', 'eu', 'us']);
  });

  it("end each other's joining by an invalidation", async () => {
    const shop = open();
    const [one, two] = [shop.child('eu').type('lead'), shop.child('eu').type('lead')];
    const { load, call } = heldLoader<unknown>();
    const before = one.getOrSet(1, load);
    await settle();
    await two.invalidate(1);
    const after = two.getOrSet(1, () => 'new');
    call(0).resolve('old');
    expect([await before, await after]).toEqual(['old', 'new']);
  });
});

describe('a child that is closed', () => {
  it('frees what it remembered', async () => {
    class Inspected extends Cache<typeof types> {
      remembered = () => [this.engine.pauses.size, this.engine.flights.size, this.engine.typeNames.size];
    }
    const shop = new Inspected({ types, namespace: 'shop', store: memoryStore(), logger: false });
    for (let id = 0; id < 100; id++) {
      const child = shop.child(`t${id}`);
      child.on('store', () => {});
      await child.type('lead').getOrSet(1, () => 'Ada');
      await child.close();
    }
    expect(shop.remembered()).toEqual([0, 0, 2]);
  });
});

it('an invalidation of a child that the store refused still covers it when its notes are widened', async () => {
  const store = memoryStore();
  const shop = createCache({ types, namespace: 'shop', store, logger: false });
  const eu = shop.child('eu');
  await eu.type('lead').set(1, 'old', { tags: ['tag 0'] });
  const refused = vi.spyOn(store, 'invalidate').mockRejectedValue(new StoreUnavailableError('gone'));
  for (let tag = 0; tag < 11_000; tag += 1_000)
    await eu.invalidateTags(Array.from({ length: 1_000 }, (_, index) => `tag ${tag + index}`));
  await eu.close();
  expect(await shop.child('eu').type('lead').get(1)).toBeUndefined();
  refused.mockRestore();
  await shop.close();
});
