import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Flight, Flights } from '../../src/engine/flights.ts';
import { LocalTier } from '../../src/engine/local-tier.ts';
import { type Answered, ReadBatch } from '../../src/engine/read-batch.ts';
import type { Lookup } from '../../src/engine/read-request.ts';
import { Reader } from '../../src/engine/reader.ts';
import type { Lease, NewEntry, Store } from '../../src/index.ts';
import { deafness, runInterleaved, StaleRead, scenarios, schedulers, type World } from './interleaving.ts';

const property = (world: World, count = (_localHits: number) => {}) =>
  fc.asyncProperty(schedulers, scenarios, async (scheduler, scenario) =>
    count(await runInterleaved(scheduler, scenario, world)),
  );
const deafProperty = (world: World) =>
  fc.asyncProperty(schedulers, scenarios, deafness, async (scheduler, scenario, isDeaf) => {
    await runInterleaved(scheduler, scenario, { ...world, isDeaf });
  });

/** Whatever moves the clock makes values stale, or nearly. */
const GRACE = { ttl: '2s', grace: '1h', refreshAhead: true } as const;
const IMPATIENT = { ...GRACE, softTimeout: '30ms', hardTimeout: '5s' } as const;

/** fast-check prints the seed and the order of events when this fails. */
const explore = (numRuns: number) => ({ numRuns, endOnFailure: true });

async function expectGuilty(run: Promise<{ failed: boolean; errorInstance: unknown }>): Promise<void> {
  const { failed, errorInstance } = await run;
  expect(failed).toBe(true);
  expect(errorInstance).toBeInstanceOf(StaleRead);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('P1: no read that begins after an invalidation has resolved returns what was in the source before', () => {
  describe.each([
    ['without grace', {}, false, 1],
    ['with grace and refresh ahead', GRACE, false, 1],
    ['with soft and hard timeouts', IMPATIENT, false, 0.5],
    ['with copies, without grace', {}, true, 0.25],
    ['with copies, grace and refresh ahead', GRACE, true, 0.25],
  ] as const)('%s', { timeout: 120_000 }, (_name, type, local, share) => {
    it('holds in thousands of orders of events of two processes', async () => {
      const runs = 3_000 * share;
      let localHits = 0;
      const count = (hits: number) => {
        localHits += hits;
      };
      await fc.assert(property({ type, local }, count), explore(runs));
      if (local) expect(localHits, 'else there were no copies that could be old').toBeGreaterThan(runs / 10);
      else expect(localHits).toBe(0);
    });

    it('holds while the store leaves every third read or lease without an answer', () =>
      fc.assert(deafProperty({ type, local }), explore(1_000 * share)));

    it('holds while any call may be given up, and take effect later', () =>
      fc.assert(property({ type, local, isGuarded: true }), explore(1_000 * share)));
  });
});

describe('the check finds an engine that is broken', { timeout: 60_000 }, () => {
  it('fence off: the store takes every fill', () =>
    expectGuilty(
      fc.check(
        property({
          store: (store) =>
            withFill(store, async ({ key }, entry) => {
              const reply = await store.lease(key, { ttlMs: 10_000, tags: [], byForce: true });
              return reply.kind === 'granted' ? store.fill(reply.lease, entry) : 'refused';
            }),
        }),
        explore(20_000),
      ),
    ));

  it('joiner rule off: joiners share what was refused', () => {
    const { share } = Flight.prototype;
    vi.spyOn(Flight.prototype, 'share').mockImplementation(function (this: Flight, value) {
      share.call(this, value, true);
    });
    return expectGuilty(fc.check(property({}), explore(20_000)));
  });

  it('owner rule off: whoever comes during the load has the value as soon as it is loaded', () => {
    vi.spyOn(Flight.prototype, 'begin').mockImplementation(() => {});
    return expectGuilty(fc.check(property({}), explore(20_000)));
  });

  it('flights stay open after their fill was sent', () => {
    vi.spyOn(Flights.prototype, 'close').mockImplementation(() => {});
    return expectGuilty(fc.check(property({}), explore(20_000)));
  });

  it('a read that was sent is joined by later readers', () => {
    const { read } = ReadBatch.prototype;
    const sent = new Map<string, Promise<Answered>>();
    vi.spyOn(ReadBatch.prototype, 'read').mockImplementation(function (this: ReadBatch, key, call) {
      const reply = sent.get(key.text) ?? read.call(this, key, call).finally(() => sent.delete(key.text));
      sent.set(key.text, reply);
      return reply;
    });
    const inItsRun = fc.asyncProperty(schedulers, scenarios, async (scheduler, scenario) => {
      sent.clear(); // a caller that left may have ended the last run before its reply
      await runInterleaved(scheduler, scenario, {});
    });
    return expectGuilty(fc.check(inItsRun, explore(20_000)));
  });

  it('a stale value outlives its invalidation: who finds nothing any more is given it', () => {
    const { look } = Reader.prototype;
    const kept = new Map<string, Lookup>();
    vi.spyOn(Reader.prototype, 'look').mockImplementation(async function (this: Reader, key, ...rest) {
      const found = await look.call(this, key, ...rest);
      if (found.kind === 'stale') kept.set(key.text, found);
      return found.kind === 'miss' ? (kept.get(key.text) ?? found) : found;
    });
    const inItsRun = fc.asyncProperty(schedulers, scenarios, async (scheduler, scenario) => {
      kept.clear();
      await runInterleaved(scheduler, scenario, { type: GRACE });
    });
    return expectGuilty(fc.check(inItsRun, explore(20_000)));
  });

  it('a refresh is stored whatever was invalidated meanwhile', () =>
    expectGuilty(
      fc.check(
        property({
          type: GRACE,
          store: (store) => {
            const stale = new Set<string>();
            return withFill(store, async (lease, entry) => {
              const isRefresh = stale.has(lease.key.text);
              stale.add(lease.key.text);
              if (!isRefresh) return store.fill(lease, entry);
              const reply = await store.lease(lease.key, { ttlMs: 10_000, tags: [], byForce: true });
              return reply.kind === 'granted' ? store.fill(reply.lease, entry) : 'refused';
            });
          },
        }),
        explore(20_000),
      ),
    ));

  it.each(['keys', 'tags'] as const)('copies do not follow announcements of %s', (kind) => {
    const { announce } = LocalTier.prototype;
    vi.spyOn(LocalTier.prototype, 'announce').mockImplementation(function (this: LocalTier, announcement) {
      if (announcement.kind !== kind) announce.call(this, announcement);
    });
    return expectGuilty(fc.check(property({ local: true }), explore(20_000)));
  });

  it('a read takes its ticket when it is answered, so that announcements may overtake it', () => {
    const { settle } = LocalTier.prototype;
    vi.spyOn(LocalTier.prototype, 'settle').mockImplementation(function (this: LocalTier, ticket, entry, value) {
      this.cancel(ticket);
      return settle.call(this, this.begin(ticket.key), entry, value);
    });
    return expectGuilty(fc.check(property({ local: true }), explore(20_000)));
  });

  it('joiners share what was loaded without the store', () => {
    const { share } = Flight.prototype;
    vi.spyOn(Flight.prototype, 'share').mockImplementation(function (this: Flight, value, isProven) {
      share.call(this, value, isProven || this.right !== 'leased');
    });
    return expectGuilty(fc.check(deafProperty({}), explore(20_000)));
  });
});

function withFill(store: Store, fill: (lease: Lease, entry: NewEntry) => Promise<'stored' | 'refused'>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member: unknown = name === 'fill' ? fill : Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
