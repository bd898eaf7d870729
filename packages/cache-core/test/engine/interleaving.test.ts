import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Flight, Flights } from '../../src/engine/flights.ts';
import { ReadBatch } from '../../src/engine/read-batch.ts';
import type { Lease, NewEntry, ReadReply, Store } from '../../src/index.ts';
import { deafness, runInterleaved, StaleRead, scenarios, schedulers, type World } from './interleaving.ts';

const property = (world: World) =>
  fc.asyncProperty(schedulers, scenarios, (scheduler, scenario) => runInterleaved(scheduler, scenario, world));
const deafProperty = fc.asyncProperty(schedulers, scenarios, deafness, (scheduler, scenario, isDeaf) =>
  runInterleaved(scheduler, scenario, { isDeaf }),
);

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
  it('holds in 10,000 orders of events of two processes', { timeout: 120_000 }, () =>
    fc.assert(property({}), explore(10_000)),
  );

  it('holds while the store leaves every third read or lease without an answer', { timeout: 60_000 }, () =>
    fc.assert(deafProperty, explore(3_000)),
  );

  it('holds while any call may be given up, and take effect later', { timeout: 60_000 }, () =>
    fc.assert(property({ isGuarded: true }), explore(3_000)),
  );
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
    const sent = new Map<string, Promise<ReadReply>>();
    vi.spyOn(ReadBatch.prototype, 'read').mockImplementation(function (this: ReadBatch, key, call) {
      const reply = sent.get(key.text) ?? read.call(this, key, call).finally(() => sent.delete(key.text));
      sent.set(key.text, reply);
      return reply;
    });
    return expectGuilty(fc.check(property({}), explore(20_000)));
  });

  it('joiners share what was loaded without the store', () => {
    const { share } = Flight.prototype;
    vi.spyOn(Flight.prototype, 'share').mockImplementation(function (this: Flight, value, isProven) {
      share.call(this, value, isProven || !this.isFenced);
    });
    return expectGuilty(fc.check(deafProperty, explore(20_000)));
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
