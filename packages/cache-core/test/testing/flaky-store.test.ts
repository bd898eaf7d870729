import { describe, expect, it } from 'vitest';
import { createCacheManager, memoryStore, type NewEntry, type Store, StoreUnavailableError } from '../../src/index.ts';
import { describeStore, FakeClock, type FaultPlan, FlakyStore, settle } from '../../src/testing/index.ts';

const KEY = { text: 'lead:1', scope: { namespace: undefined, type: 'lead' } };
const ENTRY: NewEntry = { bytes: Buffer.from('1'), freshForMs: 60_000, expiresInMs: 60_000, loadMs: 1, tags: [] };

function setup(plan: FaultPlan, seed = 1) {
  const clock = new FakeClock();
  const behind = memoryStore({ clock });
  const store = new FlakyStore(behind, { seed, plan, clock });
  /** Through the flaky store, with a lease that is not flaky. */
  const fill = async () => {
    const reply = await behind.lease(KEY, { ttlMs: 60_000, tags: [], byForce: true });
    if (reply.kind !== 'granted') throw new Error(reply.kind);
    return store.fill(reply.lease, ENTRY);
  };
  return { clock, behind, store, fill };
}

/** What becomes of a call: how it settles, or that it has not. */
function outcome(call: Promise<unknown>): { now: string } {
  const seen = { now: 'pending' };
  call.then(
    () => {
      seen.now = 'answered';
    },
    (error: unknown) => {
      seen.now = StoreUnavailableError.is(error) ? 'rejected' : String(error);
    },
  );
  return seen;
}

/** The outcomes of so many fills, one after the other, as if an hour had passed after each. */
async function outcomes({ fill, clock }: ReturnType<typeof setup>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let call = 0; call < count; call++) {
    const filling = outcome(fill());
    await settle();
    const atOnce = filling.now;
    await clock.advance(3_600_000);
    seen.push(atOnce === filling.now ? atOnce : `${filling.now} late`);
  }
  return seen;
}

const isStored = async (store: Store) => (await store.read([KEY]))[0]?.kind === 'hit';

describeStore({ describe, it }, 'FlakyStore without a fault', async () => {
  const { clock, store } = setup({});
  return { store, advance: (ms) => clock.advance(ms), close: () => store.close() };
});

describeStore({ describe, it }, 'FlakyStore whose answers are all late', async () => {
  const clock = new FakeClock();
  const plan = { all: { late: 1, lateMs: [0, 0] as const } };
  const store = new FlakyStore(memoryStore({ clock }), { seed: 1, plan, clock });
  const ticking = setInterval(() => void clock.advance(0));
  const close = async () => {
    clearInterval(ticking);
    await store.close();
  };
  return { store, advance: (ms) => clock.advance(ms), close };
});

describe('FlakyStore', () => {
  it('rejects without the store knowing', async () => {
    const flaky = setup({ fill: { rejects: 1 } });
    expect(await outcomes(flaky, 1)).toEqual(['rejected']);
    expect(await isStored(flaky.behind)).toBe(false);
  });

  it('never settles, without the store knowing', async () => {
    const flaky = setup({ fill: { hangs: 1 } });
    expect(await outcomes(flaky, 1)).toEqual(['pending']);
    expect(await isStored(flaky.behind)).toBe(false);
    expect(flaky.clock.pendingTimers).toBe(0);
  });

  it('settles late by the clock that it is given, and may reach the store late', async () => {
    const { fill, behind, clock } = setup({ fill: { late: 1, lateMs: [100, 100] } });
    const filling = outcome(fill());
    await settle();
    expect(await isStored(behind)).toBe(false);
    await clock.advance(99);
    expect(filling.now).toBe('pending');
    expect(await isStored(behind)).toBe(true); // the rest of the time is the answer's
    await clock.advance(1);
    expect(filling.now).toBe('answered');
  });

  it('loses answers of calls that were carried out: some reject, some never settle', async () => {
    const flaky = setup({ fill: { lost: 1 } });
    const seen = await outcomes(flaky, 40);
    expect(new Set(seen)).toEqual(new Set(['rejected', 'pending']));
    outcome(flaky.fill());
    await settle();
    expect(await isStored(flaky.behind)).toBe(true);
  });

  it('keeps to its rates', async () => {
    const flaky = setup({ all: { rejects: 0.1, hangs: 0.2, late: 0.3, lost: 0.2 } });
    const seen = await outcomes(flaky, 2_000);
    const share = (wanted: string) => seen.filter((each) => each === wanted).length / seen.length;
    // One half of the lost ones reject, the other half never settle.
    expect(share('rejected')).toBeCloseTo(0.2, 1);
    expect(share('pending')).toBeCloseTo(0.3, 1);
    expect(share('answered late')).toBeCloseTo(0.3, 1);
    expect(share('answered')).toBeCloseTo(0.2, 1);
  });

  it('decides the same for the same seed, and something else for another one', async () => {
    const plan = { all: { rejects: 0.3, hangs: 0.3, late: 0.2, lost: 0.1 } };
    const run = async (seed: number) => {
      const flaky = setup(plan, seed);
      return outcomes(flaky, 50);
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  it('decides a kind of call by itself: others in between change nothing', async () => {
    const plan = { fill: { rejects: 0.5 } };
    const alone = setup(plan);
    const mixed = setup(plan);
    const seen: string[] = [];
    for (let call = 0; call < 30; call++) {
      for (let other = 0; other < call % 3; other++) await mixed.store.read([KEY]);
      seen.push(...(await outcomes(mixed, 1)));
    }
    expect(seen).toEqual(await outcomes(alone, 30));
  });

  it('counts calls, and takes another plan while running', async () => {
    const flaky = setup({ all: { rejects: 1 } });
    expect(await outcomes(flaky, 2)).toEqual(['rejected', 'rejected']);
    flaky.store.plan = {};
    expect(await outcomes(flaky, 1)).toEqual(['answered']);
    expect([...flaky.store.calls]).toEqual([['fill', 3]]);
  });

  it('makes rankings flaky too, and has none where the store has none', async () => {
    const { store, behind } = setup({ ranking: { rejects: 1 } });
    await expect(store.ranking?.('popular', { capacity: 10 }).top(1)).rejects.toThrow(StoreUnavailableError);
    const plain = Object.assign(Object.create(behind), { ranking: undefined });
    expect(new FlakyStore(plain, { seed: 1, plan: {} }).ranking).toBeUndefined();
  });

  it('stands before the store of a cache: its reads do not fail', async () => {
    const { store, clock } = setup({ all: { rejects: 1 } });
    const manager = createCacheManager({ env: {}, store, clock, logger: false });
    expect(await manager.type('lead').getOrSet(1, () => 'Ada')).toBe('Ada');
    expect(store.calls.get('read')).toBe(1);
  });
});
