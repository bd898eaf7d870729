import { describe, expect, it, vi } from 'vitest';
import { memoryStore, type Store, type StoreKey, type StoreStatus, StoreUnavailableError } from '../../src/index.ts';
import type { BreakerState } from '../../src/store/breaker.ts';
import { Guard, type GuardSettings } from '../../src/store/guard.ts';
import type { NewEntry, TagTarget, Target } from '../../src/store/store.ts';
import { put } from '../../src/testing/contract-fixtures.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const SETTINGS: GuardSettings = {
  budgetMs: 50,
  invalidationMs: 1_000,
  maxInFlight: 10,
  deadlinesToOpen: 5,
  probeMs: 250,
  journalCapacity: 3,
  replayMs: 10_000,
};
const scope = { namespace: undefined, type: 'lead' };
const keyOf = (id: number): StoreKey => ({ text: `lead:${id}`, scope });
const keyTarget = (id: number): Target => ({ kind: 'key', key: keyOf(id) });
const tagTarget = (tag: string): TagTarget => ({ kind: 'tag', namespace: undefined, tag });
const entry: NewEntry = { bytes: Buffer.from('1'), freshForMs: 60_000, expiresInMs: 60_000, loadMs: 1, tags: ['acme'] };
const never = () => new Promise<never>(() => {});

/** A store whose connection and answers a test rules, behind a guard. */
function guarded(settings: Partial<GuardSettings> = {}) {
  const clock = new FakeClock();
  const store = memoryStore({ clock });
  let status: StoreStatus = { state: 'ready' };
  let listener: (status: StoreStatus) => void = () => {};
  vi.spyOn(store, 'status').mockImplementation(() => status);
  vi.spyOn(store, 'onStatus').mockImplementation((given) => {
    listener = given;
    return () => {};
  });
  const states: BreakerState[] = [];
  const guard = new Guard(store, {
    settings: { ...SETTINGS, ...settings },
    clock,
    random: () => 0.5,
    typeNames: new Set(['lead']),
    onBreaker: (state) => states.push(state),
  });
  const setStatus = (next: StoreStatus) => {
    status = next;
    listener(next);
  };
  return { clock, store, guard, setStatus, states };
}

/** From now on this method is never answered. */
function silence(store: Store, method: 'read' | 'lease' | 'release' | 'invalidate' | 'ping') {
  return vi.spyOn(store, method).mockImplementation(never);
}

async function openByDeadlines({ clock, guard, store }: ReturnType<typeof guarded>) {
  const read = silence(store, 'read');
  const reads = Array.from({ length: 5 }, () => guard.read([keyOf(1)]).catch((error: Error) => error));
  await clock.advance(50);
  await Promise.all(reads);
  expect(guard.state().breaker.state).toBe('open');
  return read;
}

describe('a deadline', () => {
  it('ends a call that the store does not answer', async () => {
    const { clock, guard, store } = guarded();
    silence(store, 'read');
    const read = guard.read([keyOf(1)], { budgetMs: 20 });
    const caught = vi.fn();
    read.catch(caught);
    await clock.advance(19);
    expect(caught).not.toHaveBeenCalled();
    await clock.advance(1);
    await expect(read).rejects.toThrow(StoreUnavailableError);
    await expect(read).rejects.toThrow('no answer within 20 ms');
  });

  it('is the budget where the call names none, and not waited for without time', async () => {
    const { clock, guard, store } = guarded();
    const read = silence(store, 'read');
    await expect(guard.read([keyOf(1)], { budgetMs: 0 })).rejects.toThrow('no time left');
    expect(read).not.toHaveBeenCalled();
    const given = guard.read([keyOf(1)]);
    given.catch(() => {});
    await clock.advance(50);
    await expect(given).rejects.toThrow('within 50 ms');
  });

  it('does not count when the answer was there already, and only this process was busy', async () => {
    const { clock, guard, store } = guarded();
    let answer: (replies: never[]) => void = () => {};
    vi.spyOn(store, 'read').mockReturnValue(new Promise((resolve) => (answer = resolve)));
    const handOut: (() => void)[] = [];
    vi.spyOn(clock, 'afterArrivals').mockImplementation((task) => handOut.push(task));
    const read = guard.read([]);
    await clock.advance(60); // the timer ran first, as it does after a stall
    answer([]);
    expect(await read).toEqual([]);
    for (const task of handOut) task();
    expect(guard.state().breaker).toEqual({ state: 'closed', deadlines: 0 });
  });

  it('leaves no timer behind once answered', async () => {
    const { clock, guard } = guarded();
    await guard.read([keyOf(1)]);
    expect(clock.pendingTimers).toBe(0);
    expect(guard.state().inFlight).toBe(0);
  });

  it('gives a lease back that comes too late', async () => {
    const { clock, guard, store } = guarded();
    const grant = store.lease.bind(store);
    let goOn = () => {};
    vi.spyOn(store, 'lease').mockImplementationOnce(async (...args) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      return grant(...args);
    });
    const asked = guard.lease(keyOf(1), { ttlMs: 10_000, tags: [] });
    asked.catch(() => {});
    await clock.advance(50);
    await expect(asked).rejects.toThrow(StoreUnavailableError);
    goOn();
    await settle();
    expect((await guard.lease(keyOf(1), { ttlMs: 10_000, tags: [] })).kind).toBe('granted');
  });

  it('holds for a store that throws instead of rejecting', async () => {
    const { clock, guard, store } = guarded();
    vi.spyOn(store, 'read').mockImplementation(() => {
      throw new TypeError('not a promise');
    });
    await expect(guard.read([])).rejects.toThrow(TypeError);
    expect([clock.pendingTimers, guard.state().inFlight]).toEqual([0, 0]);
  });
});

describe('the breaker', () => {
  it('opens after five deadlines in a row: nobody asks, nobody waits', async () => {
    const parts = guarded();
    const read = await openByDeadlines(parts);
    read.mockClear();
    await expect(parts.guard.read([keyOf(1)])).rejects.toThrow('not asked now: it does not answer in time');
    expect(read).not.toHaveBeenCalled();
    expect(parts.guard.status()).toEqual({ state: 'down', reason: 'it does not answer in time' });
  });

  it('does not open while answers come between, be they errors', async () => {
    const { clock, guard, store } = guarded();
    const read = silence(store, 'read');
    for (let round = 0; round < 3; round++) {
      const reads = Array.from({ length: 4 }, () => guard.read([keyOf(1)]).catch(() => {}));
      await clock.advance(50);
      await Promise.all(reads);
      read.mockRejectedValueOnce(new Error('OOM'));
      await expect(guard.read([keyOf(1)])).rejects.toThrow('OOM');
    }
    expect(guard.state().breaker).toEqual({ state: 'closed', deadlines: 0 });
  });

  it('rejects what is under way when it opens', async () => {
    const parts = guarded();
    silence(parts.store, 'invalidate');
    const invalidation = parts.guard.invalidate([keyTarget(7)]);
    invalidation.catch(() => {});
    await openByDeadlines(parts);
    await expect(invalidation).rejects.toThrow('not asked any more');
  });

  it('closes when a probe is answered, and not before', async () => {
    const parts = guarded();
    const { clock, guard, store, states } = parts;
    const read = await openByDeadlines(parts);
    const ping = silence(store, 'ping');
    await clock.advance(10_000);
    expect(ping.mock.calls.length).toBeGreaterThan(10);
    expect(guard.state().breaker.state).toBe('open');
    ping.mockRestore();
    read.mockRestore();
    await clock.advance(600);
    expect(guard.state()).toEqual({ breaker: { state: 'closed', deadlines: 0 }, journal: 0, inFlight: 0 });
    expect(await guard.read([keyOf(1)])).toEqual([{ kind: 'absent' }]);
    expect(states.map(({ state }) => state)).toEqual(['open', 'closed']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not closed by a replay that began before it opened: no ping was answered', async () => {
    const parts = guarded();
    const { clock, guard, store, states } = parts;
    const invalidate = silence(store, 'invalidate');
    silence(store, 'ping');
    invalidate.mockRejectedValueOnce(new Error('OOM'));
    await expect(guard.invalidate([keyTarget(7)])).rejects.toThrow('OOM');
    await clock.advance(250); // the replay is under way, and takes until its deadline
    await openByDeadlines(parts);
    await clock.advance(10_000);
    expect(states.map(({ state }) => state)).toEqual(['open']);
    expect(guard.state()).toMatchObject({ breaker: { state: 'open' }, journal: 1 });
  });

  it('is open while there is no connection, and asks at once when there is', async () => {
    const { clock, guard, setStatus, states } = guarded();
    setStatus({ state: 'down', reason: 'ECONNREFUSED' });
    await expect(guard.read([])).rejects.toThrow('ECONNREFUSED');
    setStatus({ state: 'ready' });
    await settle();
    expect(await guard.read([])).toEqual([]);
    expect(states).toEqual([
      { state: 'open', reason: 'ECONNREFUSED' },
      { state: 'closed', deadlines: 0 },
    ]);
    await clock.advance(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets no more calls wait than the cap', async () => {
    const parts = guarded({ deadlinesToOpen: 100 });
    const { clock, guard, store } = parts;
    const read = silence(store, 'read');
    const reads = Array.from({ length: 12 }, () => guard.read([keyOf(1)]).catch((error: Error) => error.message));
    await settle();
    expect(read).toHaveBeenCalledTimes(10);
    await clock.advance(50);
    expect((await Promise.all(reads)).filter((message) => /10 calls are under way/.test(String(message)))).toHaveLength(
      2,
    );
    read.mockRestore();
    expect(await guard.read([])).toEqual([]);
  });

  it('releases the leases of loads that ended while it was open', async () => {
    const parts = guarded();
    const { guard, setStatus } = parts;
    const reply = await guard.lease(keyOf(1), { ttlMs: 10_000, tags: [] });
    if (reply.kind !== 'granted') throw new Error('no lease');
    setStatus({ state: 'down', reason: 'gone' });
    await expect(guard.release(reply.lease)).rejects.toThrow('gone');
    setStatus({ state: 'ready' });
    await settle();
    expect((await guard.lease(keyOf(1), { ttlMs: 10_000, tags: [] })).kind).toBe('granted');
  });

  it('asks nothing any more once it is closed', async () => {
    const parts = guarded();
    await openByDeadlines(parts);
    const ping = vi.spyOn(parts.store, 'ping');
    await parts.guard.close();
    await parts.clock.advance(5_000);
    expect(ping).not.toHaveBeenCalled();
    expect(parts.clock.pendingTimers).toBe(0);
  });
});

describe('an invalidation that could not be applied', () => {
  const kinds = async (guard: Guard, ...ids: number[]) => (await guard.read(ids.map(keyOf))).map(({ kind }) => kind);

  it.each([
    ['key', keyTarget(1), ['rejected', 'hit']],
    ['tag', tagTarget('acme'), ['rejected', 'rejected']],
    ['type', tagTarget('lead'), ['rejected', 'rejected']],
    ['other tag', tagTarget('other'), ['hit', 'hit']],
  ] as const)('(%s) makes its values untrusted until it is', async (_kind, target, expected) => {
    const { clock, guard, store } = guarded();
    await put(store, keyOf(1), entry);
    await put(store, keyOf(2), entry);
    const refused = vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('NOPERM'));
    await expect(guard.invalidate([target])).rejects.toThrow('NOPERM');
    await clock.advance(1_000);
    expect(await kinds(guard, 1, 2)).toEqual(expected);
    expect(guard.state().breaker.state).toBe('closed');
    refused.mockRestore();
    await clock.advance(300);
    expect(guard.state().journal).toBe(0);
    expect(await kinds(guard, 1, 2)).toEqual(expected.map((kind) => (kind === 'hit' ? 'hit' : 'absent')));
  });

  it('makes a reply untrusted that was there before it, and comes after it', async () => {
    const { clock, guard, store } = guarded();
    await put(store, keyOf(1), entry);
    await put(store, keyOf(2), entry);
    vi.spyOn(store, 'invalidate').mockRejectedValueOnce(new Error('NOPERM'));
    await guard.invalidate([keyTarget(1)]).catch(() => {});
    const old = await store.read([keyOf(1), keyOf(2)]);
    let answer = () => {};
    vi.spyOn(store, 'read').mockImplementationOnce(async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return old;
    });
    const asked = guard.read([keyOf(1), keyOf(2)], { budgetMs: 1_000 });
    await clock.advance(300); // it is applied meanwhile
    expect(guard.state().journal).toBe(0);
    answer();
    expect((await asked).map(({ kind }) => kind)).toEqual(['rejected', 'hit']);
  });

  it('refuses the fill of a load that began before, and lets nobody wait for it', async () => {
    const { guard, store } = guarded();
    const reply = await guard.lease(keyOf(1), { ttlMs: 10_000, tags: [] });
    if (reply.kind !== 'granted') throw new Error('no lease');
    vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('NOPERM'));
    await guard.invalidate([tagTarget('acme')]).catch(() => {});
    expect(await guard.fill(reply.lease, entry)).toBe('refused');
    expect((await guard.lease(keyOf(1), { ttlMs: 10_000, tags: [] })).kind).toBe('granted');
  });

  it('is sent before anybody is answered by a store that is back', async () => {
    const { guard, store, setStatus } = guarded();
    await put(store, keyOf(1), entry);
    setStatus({ state: 'down', reason: 'gone' });
    await expect(guard.invalidate([keyTarget(1)])).rejects.toThrow('gone');
    const order: string[] = [];
    const invalidate = store.invalidate.bind(store);
    vi.spyOn(store, 'invalidate').mockImplementation(async (targets) => {
      await settle();
      order.push('invalidated');
      return invalidate(targets);
    });
    setStatus({ state: 'ready' });
    await expect(guard.read([keyOf(1)])).rejects.toThrow('not asked now');
    await vi.waitFor(async () => expect(await kinds(guard, 1)).toEqual(['absent']));
    expect(order).toEqual(['invalidated']);
  });

  it('does not hold up others that the store accepts', async () => {
    const { clock, guard, store } = guarded();
    const invalidate = store.invalidate.bind(store);
    vi.spyOn(store, 'invalidate').mockImplementation(async (targets) => {
      if (targets.some((target) => target.kind === 'tag' && target.tag === 'forbidden')) throw new Error('NOPERM');
      return invalidate(targets);
    });
    await guard.invalidate([keyTarget(1), tagTarget('forbidden')]).catch(() => {});
    expect(guard.state().journal).toBe(2);
    await clock.advance(300);
    expect(guard.state().journal).toBe(1);
  });

  it('is kept while it is sent again, if it came again meanwhile', async () => {
    const { clock, guard, store } = guarded();
    let answer: (value: { removed: number }) => void = () => {};
    vi.spyOn(store, 'invalidate')
      .mockRejectedValueOnce(new Error('no'))
      .mockReturnValueOnce(new Promise((resolve) => (answer = resolve)))
      .mockRejectedValueOnce(new Error('no'));
    await guard.invalidate([keyTarget(1)]).catch(() => {});
    await clock.advance(250);
    await guard.invalidate([keyTarget(1)]).catch(() => {});
    answer({ removed: 0 });
    await settle();
    expect(guard.state().journal).toBe(1);
  });

  it('becomes one of its type where there are too many', async () => {
    const { guard, store } = guarded();
    await put(store, keyOf(99), entry);
    vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('no'));
    for (const id of [1, 2, 3, 4]) await guard.invalidate([keyTarget(id)]).catch(() => {});
    expect(guard.state().journal).toBe(1);
    expect(await kinds(guard, 99)).toEqual(['rejected']);
  });

  it('becomes one of all types known here where there are too many tags, but for the newest', async () => {
    const { guard, store } = guarded();
    await put(store, keyOf(99), { ...entry, tags: [] });
    const again = vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('no'));
    for (const tag of ['a', 'b', 'c', 'd']) await guard.invalidate([tagTarget(tag)]).catch(() => {});
    expect(guard.state().journal).toBe(2);
    expect(await kinds(guard, 99)).toEqual(['rejected']);
    expect(again).toHaveBeenCalledTimes(4);
  });

  it('is kept as it is among too many keys where its type does not stand for it', async () => {
    const { clock, guard, store } = guarded({ journalCapacity: 4 });
    const foreign: Target = { kind: 'key', key: { ...keyOf(50), acceptsForeign: true } };
    const again = vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('no'));
    for (const target of [tagTarget('acme'), foreign, ...[1, 2, 3].map(keyTarget)]) {
      await guard.invalidate([target]).catch(() => {});
    }
    again.mockReset().mockResolvedValue({ removed: 0 });
    await clock.advance(300);
    // `acme` may be on values of types that only other processes know, and a value of another program carries no tag.
    expect(again.mock.calls.flat(2)).toEqual([tagTarget('acme'), foreign, tagTarget('lead')]);
  });
});

describe('invalidations that a failover may have lost', () => {
  it('are sent again after each interruption, for ten seconds', async () => {
    const { clock, guard, store, setStatus } = guarded();
    const again = vi.spyOn(store, 'invalidate');
    await guard.invalidate([keyTarget(1)]);
    await clock.advance(5_000);
    await guard.invalidate([keyTarget(2)]);
    await clock.advance(5_001);
    again.mockClear();
    setStatus({ state: 'down', reason: 'failover' });
    setStatus({ state: 'ready' });
    await settle();
    expect(again.mock.calls).toEqual([[[keyTarget(2)]]]);
    expect(guard.state().breaker.state).toBe('closed');
  });

  it('are sent again however long the interruption lasts', async () => {
    const { clock, guard, store, setStatus } = guarded();
    await guard.invalidate([keyTarget(1)]);
    const again = vi.spyOn(store, 'invalidate');
    setStatus({ state: 'down', reason: 'failover' });
    await clock.advance(60_000);
    setStatus({ state: 'ready' });
    await settle();
    expect(again.mock.calls).toEqual([[[keyTarget(1)]]]);
  });

  it('are sent once more where the store went away again while they were', async () => {
    const { clock, guard, store, setStatus } = guarded({ journalCapacity: 1_000 });
    for (let id = 0; id < 501; id++) await guard.invalidate([keyTarget(id)]); // two batches
    const batches: (() => void)[] = [];
    const again = vi
      .spyOn(store, 'invalidate')
      .mockImplementation(() => new Promise((resolve) => batches.push(() => resolve({ removed: 0 }))));
    const answer = async () => {
      for (const each of batches.splice(0)) each();
      await settle();
    };
    setStatus({ state: 'down', reason: 'failover' });
    setStatus({ state: 'ready' });
    await settle();
    expect(again).toHaveBeenCalledTimes(500);
    setStatus({ state: 'down', reason: 'failover' }); // the new primary may never have had the first batch
    setStatus({ state: 'ready' });
    await answer();
    expect(guard.state().breaker.state).toBe('open');
    expect(again).toHaveBeenCalledTimes(500); // no use going on
    again.mockClear();
    await clock.advance(300);
    await answer();
    await answer();
    expect(new Set(again.mock.calls.map(([[target]]) => JSON.stringify(target))).size).toBe(501);
    expect(guard.state()).toEqual({ breaker: { state: 'closed', deadlines: 0 }, journal: 0, inFlight: 0 });
  });

  it('stay untrusted if they cannot be', async () => {
    const { guard, store, setStatus } = guarded();
    await put(store, keyOf(1), entry);
    await guard.invalidate([keyTarget(1)]);
    setStatus({ state: 'down', reason: 'failover' });
    await put(store, keyOf(1), entry); // the replica still had it
    vi.spyOn(store, 'invalidate').mockRejectedValue(new Error('no'));
    setStatus({ state: 'ready' });
    await settle();
    expect((await guard.read([keyOf(1)])).map(({ kind }) => kind)).toEqual(['rejected']);
  });
});
