import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  type Announcement,
  type CacheOptions,
  createCache,
  createCacheManager,
  memoryStore,
  type Store,
} from '../../src/index.ts';
import { CacheEvents } from '../../src/observe/events.ts';
import { guardedLogger, silentLogger } from '../../src/observe/logger.ts';
import { TypeObserver } from '../../src/observe/type-observer.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const open = (options: Partial<CacheOptions> = {}) => {
  const types = { lead: { ttl: '1h', jitter: 0 } } as const;
  return createCache({ logger: false, random: () => 0.5, ...options, types });
};

function recordingLogger() {
  const error = vi.fn<(fields: object, message: string) => void>();
  return { debug() {}, info() {}, warn() {}, error, isLevelEnabled: () => false };
}

/** Subscribed until the test ends. */
const subscriptions: [name: string, listener: (message: unknown) => void][] = [];
function hear(name: string): unknown[] {
  const messages: unknown[] = [];
  const listener = (message: unknown) => void messages.push(message);
  subscribe(name, listener);
  subscriptions.push([name, listener]);
  return messages;
}
afterEach(() => {
  for (const [name, listener] of subscriptions.splice(0)) unsubscribe(name, listener);
});

describe('events', () => {
  it('tell of each step of a read', async () => {
    const cache = open();
    const told: string[] = [];
    for (const name of ['hit', 'miss', 'loadBegan', 'stored'] as const) {
      cache.on(name, ({ type, key }) => told.push(`${name} ${type} ${key}`));
    }
    const leads = cache.type('lead');
    await leads.getOrSet(42, () => 'Ada');
    await settle();
    await leads.getOrSet(42, () => 'Ada');
    expect(told).toEqual(['miss lead lead:42', 'loadBegan lead lead:42', 'stored lead lead:42', 'hit lead lead:42']);
  });

  it('have the real key, which log lines hide a part of', async () => {
    const manager = createCacheManager({ env: {}, logger: false });
    const keys: string[] = [];
    manager.on('miss', ({ key }) => keys.push(key));
    await manager.getCachedUserPrefs('ada@example.com');
    expect(keys).toEqual(['user_prefs:ada@example.com']);
  });

  it('say why a value was not cached, and say nothing of a reason where there is none', async () => {
    const cache = open();
    const reasons: unknown[] = [];
    cache.on('uncacheable', ({ error }) => reasons.push(error));
    await cache.type('lead').set(1, 5n);
    await cache.type('lead').set(2, undefined);
    expect(reasons).toEqual([expect.objectContaining({ code: 'HUNTLY_SERIALIZATION' }), undefined]);
  });

  it('end for the listener that was ended, and for no other', async () => {
    const cache = open();
    const listener = vi.fn();
    const stop = cache.on('miss', listener);
    cache.on('miss', listener);
    await cache.type('lead').get(1);
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    stop();
    await cache.type('lead').get(1);
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it('reach all who listened when they happened, also if one ends another', async () => {
    const cache = open();
    const second = vi.fn();
    let stop = () => {};
    cache.on('miss', () => stop());
    stop = cache.on('miss', second);
    await cache.type('lead').get(1);
    await cache.type('lead').get(1);
    expect(second).toHaveBeenCalledTimes(1);
  });

  it('of one cache are not those of another', async () => {
    const listener = vi.fn();
    open().on('miss', listener);
    await open().type('lead').get(1);
    expect(listener).not.toHaveBeenCalled();
  });

  it('have no other names, and want a function', () => {
    const cache = open();
    expect(() => cache.on('hits' as 'hit', () => {})).toThrow('there is no event "hits"; the events are hit, miss,');
    expect(() => cache.on('toString' as 'hit', () => {})).toThrow('there is no event "toString"');
    expect(() => cache.on('hit', 'log' as never)).toThrow(
      'the listener must be a function; got a string of 3 characters',
    );
  });
});

describe('a listener that fails', () => {
  it('fails no read, keeps no other from hearing, and is logged once', async () => {
    const logger = recordingLogger();
    const cache = open({ logger });
    const trouble = new Error('thrown by a listener');
    const other = vi.fn();
    cache.on('miss', () => {
      throw trouble;
    });
    cache.on('miss', other);
    expect(await cache.type('lead').getOrSet(1, () => 'Ada')).toBe('Ada');
    expect(await cache.type('lead').getOrSet(2, () => 'Bob')).toBe('Bob');
    expect(other).toHaveBeenCalledTimes(2);
    expect(logger.error.mock.calls).toEqual([
      [{ err: trouble, event: 'miss' }, 'a listener failed; said once for each listener'],
    ]);
  });

  it('is heard of as well if it is asynchronous', async () => {
    const logger = recordingLogger();
    const cache = open({ logger });
    const asynchronous = (): unknown => Promise.reject(new Error('rejected by a listener'));
    cache.on('miss', asynchronous);
    await cache.type('lead').get(1);
    await cache.type('lead').get(2);
    await settle();
    expect(logger.error).toHaveBeenCalledTimes(1);
  });
});

describe('the event of an invalidation', () => {
  it('names keys and tags, and how many values were removed', async () => {
    const cache = open({ namespace: 'shop' });
    const told: unknown[] = [];
    cache.on('invalidated', (event) => told.push(event));
    await cache.type('lead').set(1, 'Ada');
    await cache.type('lead').invalidate(1);
    await cache.type('lead').invalidateAll();
    await cache.invalidateTags(['acme']);
    expect(told).toEqual([
      { targets: [{ kind: 'key', key: 'shop/lead:1' }], removed: 1, applied: true },
      { targets: [{ kind: 'tag', tag: 'lead' }], removed: 0, applied: true },
      { targets: [{ kind: 'tag', tag: 'acme' }], removed: 0, applied: true },
    ]);
  });

  it('names the pattern, and does not come of a dry run', async () => {
    const cache = open();
    const told: unknown[] = [];
    await cache.type('lead').set(41, 'Ada');
    cache.on('invalidated', (event) => told.push(event));
    await cache.invalidatePattern('lead:4*', { dryRun: true });
    await cache.invalidatePattern('lead:4*');
    expect(told).toEqual([{ targets: [{ kind: 'pattern', type: 'lead', glob: '4*' }], removed: 1, applied: true }]);
  });

  it('names the whole type where a store dropped that instead of the pattern', async () => {
    const store = memoryStore();
    vi.spyOn(store, 'sweep').mockImplementation(async (_pattern, { onWidened }) => {
      onWidened?.('slots are moving.');
      return 0;
    });
    const cache = open({ store, storeBudget: false });
    const told: unknown[] = [];
    cache.on('invalidated', (event) => told.push(event));
    await cache.invalidatePattern('lead:4*');
    expect(told).toEqual([{ targets: [{ kind: 'tag', tag: 'lead' }], removed: 0, applied: true }]);
  });

  it('says what could not be applied', async () => {
    const broken = async () => {
      throw new Error('no answer');
    };
    const store: Store = Object.assign(memoryStore(), { invalidate: broken, sweep: broken });
    const cache = open({ store, storeBudget: false });
    const told: unknown[] = [];
    cache.on('invalidated', ({ applied, removed }) => told.push({ applied, removed }));
    await cache.type('lead').invalidate(1);
    await expect(cache.invalidatePattern('lead:*')).rejects.toThrow('Repeat it');
    expect(told).toEqual([
      { applied: false, removed: 0 },
      { applied: false, removed: 0 },
    ]);
  });
});

describe('the event of the store', () => {
  it('comes when it is not asked any more, and again when it is', async () => {
    const clock = new FakeClock();
    const inner = memoryStore({ clock });
    let isFrozen = true;
    const frozen =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      (...args: A) =>
        isFrozen ? new Promise<R>(() => {}) : call(...args);
    const store: Store = Object.assign(memoryStore({ clock }), {
      read: frozen(inner.read.bind(inner)),
      ping: frozen(inner.ping.bind(inner)),
    });
    const cache = open({ store, clock });
    const told: unknown[] = [];
    cache.on('store', (event) => told.push(event));
    for (let read = 0; read < 5; read++) {
      const value = cache.type('lead').get(read);
      await clock.advance(50);
      await value;
    }
    expect(told).toEqual([{ state: 'not asked', reason: 'it does not answer in time' }]);
    isFrozen = false;
    await clock.advance(1_000);
    expect(told.slice(1)).toEqual([{ state: 'asked' }]);
    await cache.close();
  });

  it('of the channel: announcements begin, end, or cannot be had', async () => {
    let announce: (announcement: Announcement) => void = () => {};
    const announcements: NonNullable<Store['announcements']> = (_scopes, listener) => {
      announce = listener;
      return { state: 'up', trustedUntil: 0, barrier: async () => {}, close: async () => {} };
    };
    const cache = open({ store: Object.assign(memoryStore(), { announcements }), local: true });
    const told: unknown[] = [];
    cache.on('channel', (event) => told.push(event));
    await settle();
    announce({ kind: 'up' });
    announce({ kind: 'keys', keys: ['lead:1'] });
    announce({ kind: 'down', reason: 'ECONNREFUSED' });
    announce({ kind: 'down', reason: 'TRACKING' });
    expect(told).toEqual([
      { state: 'up' },
      { state: 'down', reason: 'ECONNREFUSED' },
      { state: 'alone', reason: expect.stringContaining('cannot track keys') },
    ]);
    await cache.close();
  });
});

describe('diagnostics channels', () => {
  it('carry every event with the namespace of its cache', async () => {
    const misses = hear('huntly:cache:miss');
    const invalidated = hear('huntly:cache:invalidated');
    await open({ namespace: 'shop' }).type('lead').get(1);
    await open().type('lead').invalidate(2);
    expect(misses).toEqual([{ namespace: 'shop', type: 'lead', key: 'shop/lead:1' }]);
    expect(invalidated).toEqual([
      { namespace: undefined, targets: [{ kind: 'key', key: 'lead:2' }], removed: 0, applied: true },
    ]);
  });

  it('are heard from the subscription on, and not after it', async () => {
    const leads = open().type('lead');
    const misses = hear('huntly:cache:miss');
    await leads.get(1);
    for (const [name, listener] of subscriptions.splice(0)) unsubscribe(name, listener);
    await leads.get(1);
    expect(misses).toHaveLength(1);
  });
});

describe('an observer', () => {
  function observer() {
    const logger = guardedLogger(silentLogger);
    const events = new CacheEvents(logger, undefined);
    return { events, observer: new TypeObserver({ type: 'lead', logger, events, latency: false }) };
  }

  it('has an event for every counter', () => {
    const { events, observer: leads } = observer();
    const told: unknown[] = [];
    const names = Object.entries(leads.stats()).filter(([name, value]) => value === 0 && !name.startsWith('bytes'));
    for (const name of [
      'hit',
      'miss',
      'loadBegan',
      'loadError',
      'loadTimeout',
      'refresh',
      'coalesced',
      'stored',
      'refused',
      'uncacheable',
      'skipped',
      'unreadable',
      'storeError',
    ] as const) {
      events.on(name, (event) => told.push([name, event]));
    }
    const error = new Error('thrown by the source');
    for (const [name] of names) leads.count(name as 'hits', 'lead:1', error);
    const subject = { type: 'lead', key: 'lead:1' };
    expect(told).toEqual([
      ['hit', { ...subject, tier: 'store' }],
      ['hit', { ...subject, tier: 'local' }],
      ['hit', { ...subject, tier: 'stale' }],
      ['miss', subject],
      ['hit', { ...subject, tier: 'degraded' }],
      ['loadBegan', subject],
      ['loadError', { ...subject, error }],
      ['loadTimeout', { ...subject, error }],
      ['refresh', subject],
      ['coalesced', subject],
      ['stored', subject],
      ['refused', subject],
      ['uncacheable', { ...subject, error }],
      ['skipped', subject],
      ['unreadable', { ...subject, error }],
      ['storeError', { ...subject, error }],
    ]);
  });

  it('tells how long a load took', () => {
    const { events, observer: leads } = observer();
    const told: unknown[] = [];
    leads.loaded('lead:1', 7);
    events.on('load', (event) => told.push(event));
    leads.loaded('lead:1', 12.5);
    expect(told).toEqual([{ type: 'lead', key: 'lead:1', loadMs: 12.5 }]);
  });

  it('builds no event that nobody hears', () => {
    const { events, observer: leads } = observer();
    const emit = vi.spyOn(events, 'emit');
    leads.count('hits', 'lead:1');
    leads.loaded('lead:1', 1);
    expect(emit).not.toHaveBeenCalled();
    events.on('hit', () => {});
    leads.count('hits', 'lead:1');
    expect(emit).toHaveBeenCalledTimes(1);
  });
});
