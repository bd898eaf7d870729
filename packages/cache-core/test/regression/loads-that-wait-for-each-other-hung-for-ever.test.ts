import { describe, expect, it } from 'vitest';
import { createCache, type Identifier, LoadCycleError, memoryStore } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';

const types = { lead: { ttl: '1h', backoff: 0 }, report: { ttl: '1h', backoff: 0 } } as const;

function open(options: { store?: ReturnType<typeof memoryStore>; clock?: FakeClock } = {}) {
  const cache = createCache({ types, namespace: 'shop', logger: false, ...options });
  return { cache, leads: cache.type('lead'), reports: cache.type('report') };
}

/** Without an answer, time does not help either. */
async function expectCycle(read: Promise<unknown>, names: string): Promise<void> {
  const error = await read.then(
    () => 'a value',
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LoadCycleError);
  expect(LoadCycleError.is(error)).toBe(true);
  expect(String(error)).toContain(names);
}

describe('a cycle of loads ends with an error that names the keys', () => {
  it('of a loader that asks for its own key', async () => {
    const { leads } = open();
    const load = (): Promise<string> => leads.getOrSet(1, load);
    await expectCycle(leads.getOrSet(1, load), 'shop/lead:1 → shop/lead:1.');
    expect(await leads.getOrSet(1, () => 'Ada')).toBe('Ada');
  });

  it('of two loaders that ask for each other, in one request and after an await', async () => {
    const { leads, reports } = open();
    const lead = (): Promise<string> => settle().then(() => reports.getOrSet(7, report));
    const report = (): Promise<string> => settle().then(() => leads.getOrSet(1, lead));
    await expectCycle(leads.getOrSet(1, lead), 'shop/report:7 → shop/lead:1 → shop/report:7.');
  });

  it('of two requests that came from both sides', async () => {
    const { leads, reports } = open();
    const both = [
      leads.getOrSet(1, () => settle().then(() => reports.getOrSet(7, () => 'never'))),
      reports.getOrSet(7, () => settle().then(() => leads.getOrSet(1, () => 'never'))),
    ];
    const outcomes = await Promise.allSettled(both);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('of three keys', async () => {
    const { leads } = open();
    const at = (id: number) => (): Promise<string> => leads.getOrSet((id + 1) % 3, at((id + 1) % 3));
    await expectCycle(leads.getOrSet(0, at(0)), 'shop/lead:2 → shop/lead:0 → shop/lead:1 → shop/lead:2.');
  });

  it('through getOrSetMany', async () => {
    const { leads, reports } = open();
    const many = (missing: readonly Identifier[]): Promise<string[]> =>
      Promise.all(missing.map((id) => reports.getOrSet(id, () => leads.getOrSet(2, () => 'never'))));
    await expectCycle(leads.getOrSetMany([1, 2, 3], many), 'shop/lead:2');
  });

  it('through getOrSetMany in the middle', async () => {
    const { leads, reports } = open();
    const load = async (): Promise<string> => {
      const found = await reports.getOrSetMany([7, 8], (missing) =>
        Promise.all(missing.map(() => leads.getOrSet(1, load))),
      );
      return found.join();
    };
    await expectCycle(leads.getOrSet(1, load), 'shop/lead:1');
  });

  it('through a claim that a loader took, and through a claim in a loader', async () => {
    const { leads, reports } = open();
    const load = async (): Promise<string> => {
      const claim = await reports.claim(7);
      const value = await reports.getOrSet(7, () => leads.getOrSet(1, load));
      return claim.hit ? String(claim.value) : String(await claim.fill(value));
    };
    await expectCycle(leads.getOrSet(1, load), 'shop/lead:1 → shop/report:7 → shop/lead:1.');
    const claiming = async (): Promise<string> => {
      const claim = await leads.claim(2);
      return String(claim.hit);
    };
    await expectCycle(leads.getOrSet(2, claiming), 'shop/lead:2 → shop/lead:2.');
  });

  it('over children and over two caches on one store, and on two stores', async () => {
    const { cache, leads } = open();
    const eu = cache.child('eu').type('lead');
    const parent = (): Promise<string> => eu.getOrSet(1, child);
    const child = (): Promise<string> => leads.getOrSet(1, parent);
    await expectCycle(leads.getOrSet(1, parent), 'shop/eu/lead:1 → shop/lead:1 → shop/eu/lead:1.');
    const sameChild = (): Promise<string> => cache.child('eu').type('lead').getOrSet(2, sameChild);
    await expectCycle(eu.getOrSet(2, sameChild), 'shop/eu/lead:2');

    const store = memoryStore();
    const one = open({ store });
    const two = open({ store });
    const here = (): Promise<string> => two.leads.getOrSet(1, here);
    await expectCycle(one.leads.getOrSet(1, here), 'shop/lead:1 → shop/lead:1.');
    const other = open();
    const there = (): Promise<string> => other.reports.getOrSet(1, () => one.leads.getOrSet(2, there));
    await expectCycle(one.leads.getOrSet(2, there), 'shop/lead:2');
  });

  it('whose key has been invalidated meanwhile', async () => {
    const { leads } = open();
    const load = async (): Promise<string> => {
      await leads.invalidate(1);
      return leads.getOrSet(1, load);
    };
    await expectCycle(leads.getOrSet(1, load), 'shop/lead:1 → shop/lead:1.');
  });

  it('shows no person in an e-mail address', async () => {
    const { leads } = open();
    const load = (): Promise<string> => leads.getOrSet('ada@example.com', load);
    await expect(leads.getOrSet('ada@example.com', load)).rejects.toThrow('***@example.com');
  });
});

describe('no cycle', () => {
  it('is a loader that asks for other keys, shared or not', async () => {
    const { leads, reports } = open();
    const load = (id: number) => () => leads.getOrSet(id, () => settle().then(() => `lead ${id}`));
    const read = async () => {
      const found = await Promise.all([load(1)(), load(1)(), load(2)()]);
      return found.join();
    };
    const [one, two] = await Promise.all([reports.getOrSet(7, read), reports.getOrSet(8, read)]);
    expect([one, two]).toEqual(['lead 1,lead 1,lead 2', 'lead 1,lead 1,lead 2']);
  });

  it('is what a loader set going that has ended', async () => {
    const { leads } = open();
    let later: Promise<string> | undefined;
    let go = () => {};
    const started = new Promise<void>((resolve) => {
      go = resolve;
    });
    await leads.getOrSet(1, () => {
      later = started.then(() => leads.getOrSet(1, () => 'again', { ttl: '1h' }));
      return 'first';
    });
    await leads.invalidate(1);
    go();
    expect(await later).toBe('again');
  });

  it('is a key that a refresh replaces while its loader reads another one that shows the stale value', async () => {
    const clock = new FakeClock();
    const cache = createCache({
      types: { lead: { ttl: '10s', grace: '1h' }, report: { ttl: '1h' } },
      clock,
      logger: false,
      random: () => 0,
    });
    const leads = cache.type('lead');
    await leads.getOrSet(1, () => 'old');
    await clock.advance(11_000);
    const report = () => leads.getOrSet(1, () => 'unused').then((lead) => `report of ${lead}`);
    expect(
      await leads.getOrSet(1, () =>
        cache
          .type('report')
          .getOrSet(7, report)
          .then(() => 'new'),
      ),
    ).toBe('old');
    await settle();
    expect(await leads.get(1)).toBe('new');
  });
});
