import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createCacheManager, type HealthOptions } from '../../src/index.ts';
import { checkHealth, type Surroundings } from '../../src/observe/health.ts';
import { memoryStore } from '../../src/store/memory-store.ts';
import type { Store, StoreReport, StoreStatus } from '../../src/store/store.ts';
import { FakeClock, FlakyStore } from '../../src/testing/index.ts';

interface Facts {
  readonly status?: StoreStatus;
  readonly report?: Partial<StoreReport> | Error;
}

/** A store that says no more than its health. */
function storeThat({ status = { state: 'ready' }, report = {} }: Facts): Store {
  const said = async (): Promise<StoreReport> => {
    if (report instanceof Error) throw report;
    return { kind: 'redis', ...report };
  };
  return Object.assign(memoryStore(), { status: () => status, report: said });
}

const healthOf = (facts: Facts, { guard, channel, ...options }: HealthOptions & Surroundings = {}) =>
  checkHealth(storeThat(facts), new FakeClock(), () => ({ guard, ...(channel && { channel }) }), options);
const codesOf = async (facts: Facts, options?: HealthOptions & Surroundings) =>
  (await healthOf(facts, options)).findings.map(({ code }) => code);
const down = (reason: string): Facts => ({ status: { state: 'down', reason }, report: new Error('down') });

describe('checkHealth', () => {
  it('passes a store that answers and says nothing bad', async () => {
    expect(await healthOf({})).toEqual({
      status: 'pass',
      store: { state: 'ready' },
      latencyMs: 0,
      findings: [],
      report: { kind: 'redis' },
      guard: undefined,
      channel: 'off',
    });
    expect(await checkHealth(memoryStore(), new FakeClock())).toMatchObject({ status: 'pass', findings: [] });
  });

  it.each([
    ['WRONGPASS', /password is wrong/, /Mend username and password/],
    ['NOAUTH', /asks for a password/, /Give username and password/],
    ['LOADING', /loads its data/, /by itself/],
    ['READONLY', /is a replica/, /Connect to the primary/],
    ['MASTERDOWN', /lost its primary/, /Connect to the primary/],
    ['CLUSTERDOWN', /all its slots/, /require-full-coverage/],
    ['OOM', /memory of the server is full/, /allkeys-lru/],
    ['NOPERM', /lacks the right/, /rights/],
    ['MOVED', /one node of a Cluster/, /Use the option cluster/],
    ['ECONNREFUSED', /nothing listens/, /Start the server/],
  ])('names %s with its remedy, as the reason of being down and as a refusal', async (code, meaning, remedy) => {
    for (const facts of [down(code), { report: { refused: [code] } }]) {
      const { status, findings } = await healthOf(facts);
      expect(status).toBe('warn');
      expect(findings).toHaveLength(1);
      expect(findings[0]?.message).toContain(`(${code})`);
      expect(findings[0]?.message).toMatch(meaning);
      expect(findings[0]?.remedy).toMatch(remedy);
    }
  });

  it.each([
    ['store_connecting', { status: { state: 'connecting' }, report: new Error('not yet') }],
    ['replica', { report: { server: server({ role: 'replica' }) } }],
    ['primaries_missing', { report: { server: server({ primaries: { answering: 2, total: 3 } }) } }],
    ['noeviction', { report: { memory: memory({ policy: 'noeviction' }) } }],
    ['no_memory_limit', { report: { memory: memory({ maxBytes: null, usedRatio: undefined }) } }],
    ['memory', { report: { memory: memory({ usedRatio: 0.91 }) } }],
    ['fragmentation', { report: { memory: memory({ fragmentation: 2 }) } }],
    ['evictions', { report: { evictedPerSecond: 3 } }],
    ['clients', { report: { clients: { connected: 81, max: 100 } } }],
    ['replication', { report: { replication: { replicas: 1, isLinkUp: false, lagSeconds: undefined } } }],
    ['replication', { report: { replication: { replicas: 1, isLinkUp: true, lagSeconds: 11 } } }],
  ] satisfies [string, Facts][])('finds %s', async (code, facts) => {
    expect(await codesOf(facts)).toEqual([code]);
  });

  it('finds nothing in what is in order, or unknown', async () => {
    const inOrder: Partial<StoreReport> = {
      server: server({}),
      memory: memory({}),
      clients: { connected: 80, max: 100 },
      replication: { replicas: 1, isLinkUp: true, lagSeconds: 1 },
      evictedPerSecond: 0,
      hitRatio: 0.1,
      windowSeconds: 60,
      refused: [],
    };
    expect(await codesOf({ report: inOrder })).toEqual([]);
    const unknown = { version: undefined, role: undefined, uptimeSeconds: undefined };
    expect(
      await codesOf({
        report: {
          server: { ...unknown, primaries: { answering: 1, total: 1 } },
          memory: {
            usedBytes: undefined,
            maxBytes: undefined,
            usedRatio: undefined,
            policy: undefined,
            fragmentation: undefined,
          },
          clients: { connected: undefined, max: undefined },
          replication: { replicas: undefined, isLinkUp: undefined, lagSeconds: undefined },
        },
      }),
    ).toEqual([]);
  });

  it('judges by limits that can be changed', async () => {
    const report = { evictedPerSecond: 3, memory: memory({ usedRatio: 0.7 }) };
    expect(await codesOf({ report }, { limits: { evictedPerSecond: 5, memoryRatio: 0.6 } })).toEqual(['memory']);
  });

  it('says what stands before the store: breaker, journal, channel', async () => {
    const guard = { breaker: { state: 'open', reason: 'it does not answer in time' }, journal: 2 } as const;
    const facts = { status: { state: 'down', reason: guard.breaker.reason }, report: new Error('not asked') } as const;
    const { findings, ...health } = await healthOf(facts, { guard, channel: 'down' });
    expect(health).toMatchObject({ status: 'warn', guard, channel: 'down' });
    expect(findings.map(({ code }) => code)).toEqual(['breaker_open', 'journal']);
    expect(findings[0]?.message).toContain('(TIMEOUT)');
    expect(findings[1]?.message).toMatch(/^2 invalidations/);
    const one = await healthOf(facts, { guard: { ...guard, journal: 1 } });
    expect(one.findings[1]?.message).toMatch(/^1 invalidation waits to be applied/);
    const quiet = { breaker: { state: 'closed', deadlines: 0 }, journal: 0 } as const;
    expect(await codesOf({}, { guard: quiet, channel: 'up' })).toEqual([]);
  });

  it('a server that announces nothing: the rights that may be missing, and when they count', async () => {
    const { findings } = await healthOf({}, { channel: 'alone' });
    expect(findings.map(({ code }) => code)).toEqual(['no_announcements']);
    expect(findings[0]?.remedy).toContain('+client|id +client|tracking +subscribe');
    expect(findings[0]?.remedy).toContain('&__redis__:invalidate');
    expect(findings[0]?.remedy).toContain('next connection');
  });

  it('finds announcements that do not arrive, but not where the store itself is away', async () => {
    expect(await codesOf({}, { channel: 'down' })).toEqual(['channel_down']);
    expect(await codesOf(down('ECONNREFUSED'), { channel: 'down' })).toEqual(['store_down']);
    expect(await codesOf(down('closed'), { channel: 'down' })).toEqual(['store_down']);
    const connecting = { status: { state: 'connecting' }, report: new Error('not yet') } as const;
    expect(await codesOf(connecting, { channel: 'down' })).toEqual(['store_connecting']);
  });

  it('asks the surroundings when the store has answered, so that a store that just stopped has no closed breaker', async () => {
    let status: StoreStatus = { state: 'ready' };
    let channel: 'up' | 'down' = 'up';
    const store = Object.assign(storeThat({}), {
      status: () => status,
      report: async () => {
        status = { state: 'down', reason: 'ECONNRESET' };
        channel = 'down';
        throw new Error('reset');
      },
    });
    const health = await checkHealth(store, new FakeClock(), () => ({ channel }));
    expect(health).toMatchObject({ channel: 'down', store: status, findings: [{ code: 'store_down' }] });
  });

  it('knows that a store was closed, and so does its guard', async () => {
    const store = memoryStore();
    const manager = createCacheManager({ env: {}, store, logger: false });
    await manager.close();
    expect(await manager.healthCheck()).toMatchObject({
      store: { state: 'down', reason: 'closed' },
      guard: { breaker: { state: 'open', reason: 'closed' } },
      findings: [{ code: 'store_down', message: 'The store is down: the store was closed.' }],
    });
  });

  it('knows the guard of a manager', async () => {
    const clock = new FakeClock();
    const store = new FlakyStore(memoryStore({ clock }), { seed: 1, plan: { all: { hangs: 1 } }, clock });
    const manager = createCacheManager({ env: {}, store, clock, logger: false, random: () => 0.5 });
    const health = manager.healthCheck();
    await clock.advance(250);
    expect(await health).toMatchObject({ guard: { journal: 0 }, findings: [{ code: 'store_silent' }] });
    for (let id = 1; id < 5; id++) {
      const read = manager.getCachedLeadData(id);
      await clock.advance(50);
      await read;
    }
    await manager.invalidateLeadCache(1); // the lead, and the searches that show it
    expect(await manager.healthCheck()).toMatchObject({
      guard: { breaker: { state: 'open' }, journal: 2 },
      findings: [{ code: 'breaker_open' }, { code: 'journal' }],
    });
    await manager.close();
  });

  it('finds a store slow', async () => {
    const clock = new FakeClock();
    const plan = { report: { late: 1, lateMs: [60, 60] as const } };
    const health = checkHealth(new FlakyStore(memoryStore({ clock }), { seed: 1, plan, clock }), clock);
    await clock.advance(60);
    expect(await health).toMatchObject({ status: 'warn', latencyMs: 60, findings: [{ code: 'slow' }] });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait for a store that never answers', async () => {
    const clock = new FakeClock();
    const store = new FlakyStore(memoryStore({ clock }), { seed: 1, plan: { all: { hangs: 1 } }, clock });
    const health = checkHealth(store, clock, undefined, { timeoutMs: 100 });
    await clock.advance(100);
    expect(await health).toMatchObject({ status: 'warn', latencyMs: undefined, report: undefined });
    const [finding] = (await health).findings;
    expect(finding?.code).toBe('store_silent');
    expect(finding?.message).toContain('(TIMEOUT)');
  });

  it('names why a store did not tell', async () => {
    const { findings } = await healthOf({ report: Object.assign(new Error('no'), { code: 'NOPERM' }) });
    expect(findings).toMatchObject([{ code: 'store_silent' }]);
    expect(findings[0]?.message).toMatch(/\(NOPERM\): the user lacks the right/);
  });

  it('fails only where the store is required, and only when it cannot be used', async () => {
    expect((await healthOf(down('ECONNREFUSED'))).status).toBe('warn');
    expect((await healthOf(down('ECONNREFUSED'), { required: true })).status).toBe('fail');
    expect((await healthOf({ report: new Error('silent') }, { required: true })).status).toBe('fail');
    expect((await healthOf({ report: { evictedPerSecond: 1 } }, { required: true })).status).toBe('warn');
    expect((await healthOf({}, { required: true })).status).toBe('pass');
  });

  it('quotes no text that it does not know: it may name a host or a key', async () => {
    const secret = 'redis.internal:6379 user:ada@example.com';
    for (const facts of [down(secret), { report: Object.assign(new Error(secret), { code: secret }) }]) {
      const { findings } = await healthOf(facts, { guard: { breaker: { state: 'open', reason: secret }, journal: 0 } });
      expect(findings.length).toBeGreaterThan(0);
      expect(inspect(findings)).not.toMatch(/internal|ada/);
    }
  });
});

function server(rest: Partial<NonNullable<StoreReport['server']>>): NonNullable<StoreReport['server']> {
  return { version: '7.0.15', role: 'primary', uptimeSeconds: 10, primaries: { answering: 1, total: 1 }, ...rest };
}

function memory(rest: Partial<NonNullable<StoreReport['memory']>>): NonNullable<StoreReport['memory']> {
  return { usedBytes: 5, maxBytes: 10, usedRatio: 0.5, policy: 'allkeys-lru', fragmentation: 1.1, ...rest };
}
