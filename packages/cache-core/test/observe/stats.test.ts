import { describe, expect, it, vi } from 'vitest';
import { sleep } from '../../src/clock.ts';
import { createCache } from '../../src/index.ts';
import { CacheEvents } from '../../src/observe/events.ts';
import { guardedLogger, silentLogger } from '../../src/observe/logger.ts';
import { TypeObserver } from '../../src/observe/type-observer.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

function observe(latency: boolean) {
  const logger = guardedLogger(silentLogger);
  return new TypeObserver({ type: 'lead', logger, events: new CacheEvents(logger, undefined), latency });
}

describe('statistics', () => {
  it('begin with nothing', () => {
    const stats = observe(false).stats();
    expect(stats).toMatchObject({ hits: 0, localHits: 0, stale: 0, bytesRead: 0, bytesWritten: 0 });
    expect(stats.hitRatio).toBeUndefined();
    expect(stats.latency).toBeUndefined();
  });

  it('are of one moment', () => {
    const leads = observe(false);
    const before = leads.stats();
    leads.count('hits', 'lead:1');
    expect(before.hits).toBe(0);
    expect(leads.stats().hits).toBe(1);
  });

  it('have the share of reads that a value answered, wherever it came from', () => {
    const leads = observe(false);
    leads.count('misses', 'lead:1');
    expect(leads.stats().hitRatio).toBe(0);
    for (const kind of ['hits', 'localHits', 'stale'] as const) leads.count(kind, 'lead:1');
    expect(leads.stats().hitRatio).toBe(0.75);
  });

  it('count bytes in both directions', () => {
    const leads = observe(false);
    leads.countBytes('read', 10);
    leads.countBytes('read', 5);
    leads.countBytes('written', 7);
    expect(leads.stats()).toMatchObject({ bytesRead: 15, bytesWritten: 7 });
  });

  it('count what is stored as it is stored: in bytes, after compression', async () => {
    const cache = createCache({
      types: { plain: { ttl: '1h' }, small: { ttl: '1h', compress: { thresholdBytes: 1 } } },
      logger: false,
    });
    await cache.type('plain').set(1, 'é'); // two bytes and two quotes
    await cache.type('plain').getOrSet(2, () => 'ab');
    await cache.type('plain').set(3, undefined);
    await cache.type('plain').set(4, 5n);
    await cache.type('small').set(1, 'a'.repeat(1_000));
    await settle();
    expect(cache.stats().plain.bytesWritten).toBe(8);
    expect(cache.stats().small.bytesWritten).toBeGreaterThan(10);
    expect(cache.stats().small.bytesWritten).toBeLessThan(100);
  });
});

describe('latencies', () => {
  it('are percentiles in milliseconds, up to 1 % too high', () => {
    const leads = observe(true);
    for (let ms = 1; ms <= 100; ms++) leads.time('read', ms);
    const { read, load, fill } = leads.stats().latency ?? {};
    expect(read?.count).toBe(100);
    for (const [found, exact] of [
      [read?.p50Ms, 50],
      [read?.p90Ms, 90],
      [read?.p99Ms, 99],
      [read?.maxMs, 100],
    ] as const) {
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact * 1.01);
    }
    expect([load, fill]).toEqual([undefined, undefined]);
  });

  it('take whatever a clock gives', () => {
    const leads = observe(true);
    for (const ms of [0, -1, Number.NaN, 0.0001, 1e12, Number.POSITIVE_INFINITY]) leads.time('fill', ms);
    const { fill } = leads.stats().latency ?? {};
    expect(fill).toMatchObject({ count: 6, p50Ms: 0.001 });
    expect(fill?.maxMs).toBeGreaterThanOrEqual(3_600_000); // an hour
    expect(fill?.maxMs).toBeLessThanOrEqual(3_636_000);
  });

  it('of loads come with their events', () => {
    const leads = observe(true);
    leads.loaded('lead:1', 20);
    expect(leads.stats().latency?.load).toMatchObject({ count: 1 });
  });

  it('are of work that succeeds', async () => {
    const leads = observe(true);
    const clock = new FakeClock();
    const work = leads.timed('fill', clock, () => sleep(clock, 20).then(() => 'stored'));
    await clock.advance(20);
    expect(await work).toBe('stored');
    await expect(leads.timed('fill', clock, () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer');
    const { fill } = leads.stats().latency ?? {};
    expect(fill?.count).toBe(1);
    expect(fill?.maxMs).toBeCloseTo(20, 0);
  });

  it('are not kept unless asked for, and then no clock is asked', async () => {
    const leads = observe(false);
    const clock = new FakeClock();
    const now = vi.spyOn(clock, 'now');
    expect(await leads.timed('read', clock, async () => 'Ada')).toBe('Ada');
    leads.time('read', 1);
    expect(now).not.toHaveBeenCalled();
    expect(leads.stats().latency).toBeUndefined();
  });

  it('are an option of a cache', () => {
    const types = { lead: { ttl: '1h' } } as const;
    const latencyOf = (options: { latency?: boolean }) =>
      createCache({ types, logger: false, ...options }).stats().lead.latency;
    expect(latencyOf({})).toBeUndefined();
    expect(latencyOf({ latency: true })).toEqual({ read: undefined, load: undefined, fill: undefined });
    expect(() => latencyOf({ latency: 'on' as never })).toThrow('latency must be true or false');
  });
});
