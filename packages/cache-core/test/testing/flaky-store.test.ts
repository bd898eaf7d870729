import { describe, expect, it } from 'vitest';
import { createCacheManager, memoryStore, type NewEntry, type Store, StoreUnavailableError } from '../../src/index.ts';
import { describeStore, FakeClock, type FaultPlan, FlakyStore, settle } from '../../src/testing/index.ts';

const KEY = { text: 'lead:1', scope: { namespace: undefined, type: 'lead' } };
const ENTRY: NewEntry = { bytes: Buffer.from('1'), freshForMs: 60_000, expiresInMs: 60_000, loadMs: 1, tags: [] };

function setup(plan: FaultPlan, seed = 1) {
  const clock = new FakeClock();
  const behind = memoryStore({ clock });
  return { clock, behind, store: new FlakyStore(behind, { seed, plan, clock }) };
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

/** The outcomes of so many writes, one after the other, as if an hour had passed after each. */
async function outcomes(store: Store, clock: FakeClock, count: number): Promise<string[]> {
  const seen: string[] = [];
  for (let call = 0; call < count; call++) {
    const write = outcome(store.write(KEY, ENTRY));
    await settle();
    const atOnce = write.now;
    await clock.advance(3_600_000);
    seen.push(atOnce === write.now ? atOnce : `${write.now} late`);
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
    const { store, behind, clock } = setup({ write: { rejects: 1 } });
    expect(await outcomes(store, clock, 1)).toEqual(['rejected']);
    expect(await isStored(behind)).toBe(false);
  });

  it('never settles, without the store knowing', async () => {
    const { store, behind, clock } = setup({ write: { hangs: 1 } });
    expect(await outcomes(store, clock, 1)).toEqual(['pending']);
    expect(await isStored(behind)).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('settles late by the clock that it is given, and may reach the store late', async () => {
    const { store, behind, clock } = setup({ write: { late: 1, lateMs: [100, 100] } });
    const write = outcome(store.write(KEY, ENTRY));
    await settle();
    expect(await isStored(behind)).toBe(false);
    await clock.advance(99);
    expect(write.now).toBe('pending');
    expect(await isStored(behind)).toBe(true); // the rest of the time is the answer's
    await clock.advance(1);
    expect(write.now).toBe('answered');
  });

  it('loses answers of calls that were carried out: some reject, some never settle', async () => {
    const { store, behind, clock } = setup({ write: { lost: 1 } });
    const seen = await outcomes(store, clock, 40);
    expect(new Set(seen)).toEqual(new Set(['rejected', 'pending']));
    outcome(store.write(KEY, ENTRY));
    await settle();
    expect(await isStored(behind)).toBe(true);
  });

  it('keeps to its rates', async () => {
    const { store, clock } = setup({ all: { rejects: 0.1, hangs: 0.2, late: 0.3, lost: 0.2 } });
    const seen = await outcomes(store, clock, 2_000);
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
      const { store, clock } = setup(plan, seed);
      return outcomes(store, clock, 50);
    };
    expect(await run(7)).toEqual(await run(7));
    expect(await run(7)).not.toEqual(await run(8));
  });

  it('decides a kind of call by itself: others in between change nothing', async () => {
    const plan = { write: { rejects: 0.5 } };
    const alone = setup(plan);
    const mixed = setup(plan);
    const seen: string[] = [];
    for (let call = 0; call < 30; call++) {
      for (let other = 0; other < call % 3; other++) await mixed.store.read([KEY]);
      seen.push(...(await outcomes(mixed.store, mixed.clock, 1)));
    }
    expect(seen).toEqual(await outcomes(alone.store, alone.clock, 30));
  });

  it('counts calls, and takes another plan while running', async () => {
    const { store, clock } = setup({ all: { rejects: 1 } });
    expect(await outcomes(store, clock, 2)).toEqual(['rejected', 'rejected']);
    store.plan = {};
    expect(await outcomes(store, clock, 1)).toEqual(['answered']);
    expect([...store.calls]).toEqual([['write', 3]]);
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
