import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CacheManager, cacheType, type GuardHealth, type Store } from '@huntly/cache-core';
import { seededRandom, until } from '@huntly/cache-testing';
import type { RedisStoreOptions } from '../../src/connection/options.ts';
import { redisStore } from '../../src/index.ts';
import type { Outage } from './outages.ts';
import { DEALS, type Deal, idsOfTeam, Source } from './source.ts';
import { type Span, StallRecorder, uncovered } from './stalls.ts';
import { Traffic } from './traffic.ts';

/** What an outage did to the requests of one process. */
export interface Suffering {
  readonly requests: number;
  readonly errors: readonly unknown[];
  /** Requests that did not end. */
  readonly hung: number;
  /** Of all requests, at any time. */
  readonly stale: number;
  /** Of all 500 deals, afterwards: those that this process and another one still get an old version of. */
  readonly staleAfter: number;
  readonly staleElsewhere: number;
  /** Of one request, during the outage: without the time of its load, and without stalls of this process. */
  readonly storeMs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly loads: number;
  /** Calls of the store, other than probes and replays, while the breaker was open. */
  readonly callsWhileOpen: number;
  readonly hasOpened: boolean;
  /** What health said meanwhile: the codes of the findings, each with the reason in its message. */
  readonly health: readonly string[];
  /** From the end of the outage until values are stored again, on every node. */
  readonly recoveredMs: number;
  readonly heapGrowthBytes: number;
  readonly stalledMs: number;
}

const SETTLE_MS = 1_000;
const FIRST_CHANGES = [...Array(10).keys()];
const KEYS_CHANGED = [...Array(20).keys()].map((index) => 100 + index);
const TEAM_CHANGED = 3;

const types = { deal: cacheType<Deal>({ ttl: '1h', tags: ({ team }) => [`team:${team}`] }) };

class WatchedManager extends CacheManager<typeof types> {
  get guard(): GuardHealth | undefined {
    return this.engine.guard?.state();
  }

  get isOpen(): boolean {
    return this.guard?.breaker.state === 'open';
  }
}

export async function suffer(outage: Outage): Promise<Suffering> {
  const stage = await outage.start();
  const source = new Source();
  let callsWhileOpen = 0;
  let hasOpened = false;
  const cache = open(stage.options, (name) => {
    if (!ASKED_BY_REQUESTS.has(name) || !cache.isOpen) return;
    callsWhileOpen++;
  });
  const other = open(stage.others, () => undefined);
  const stalls = new StallRecorder();
  const timers: NodeJS.Timeout[] = [];
  try {
    await Promise.all([cache.ready(), other.ready()]);
    const deals = cache.type('deal');
    await everyDeal((id) =>
      until('a deal to be stored', async () => (await deals.set(id, source.now(id))) || undefined),
    );
    await everyDeal((id) => other.type('deal').get(id));
    const heapBefore = usedHeap();
    const traffic = new Traffic(deals, source, seededRandom(1));
    await delay(SETTLE_MS);

    timers.push(setInterval(() => (hasOpened ||= cache.isOpen), 5));
    await stage.begin(() => source.change(FIRST_CHANGES, () => deals.invalidateMany(FIRST_CHANGES)));
    const begunAt = performance.now();
    const loadsBefore = source.loadCount;
    const health = new Set<string>();
    const noting = setInterval(() => void noteHealth(cache, health), 300);
    timers.push(noting);
    await delay(500);
    await source.change(KEYS_CHANGED, () => deals.invalidateMany(KEYS_CHANGED));
    await source.change(idsOfTeam(TEAM_CHANGED), () => cache.invalidateTags([`team:${TEAM_CHANGED}`]));
    await delay(Math.max(0, begunAt + (outage.lastsMs ?? 3_000) - performance.now()));
    await stage.end();
    const endedAt = performance.now();
    clearInterval(noting);
    const recoveredMs = await recovery(cache, endedAt);
    const loads = source.loadCount - loadsBefore;

    await delay(SETTLE_MS);
    const hung = await traffic.stop(5_000);
    await until('the journal to be empty', () => cache.guard?.journal === 0 || undefined);
    await recovery(other, endedAt);
    const staleAfter = await staleDeals(source, (id) => deals.get(id));
    const staleElsewhere = await staleDeals(source, (id) => other.type('deal').get(id));
    const duringOutage = traffic.served.filter(({ to, from }) => to > begunAt && from < endedAt);
    return {
      requests: traffic.served.length,
      errors: traffic.errors,
      hung,
      stale: traffic.served.filter(({ isStale }) => isStale).length,
      staleAfter,
      staleElsewhere,
      storeMs: percentiles(
        duringOutage.map((served) => uncovered(served, [...stalls.stalls, ...(source.loads.get(served.id) ?? [])])),
      ),
      loads,
      callsWhileOpen,
      hasOpened,
      health: [...health].sort(),
      recoveredMs,
      heapGrowthBytes: usedHeap() - heapBefore,
      stalledMs: stalls.stalls.reduce((total: number, { from, to }: Span) => total + to - from, 0),
    };
  } finally {
    stalls.stop();
    for (const timer of timers) clearInterval(timer);
    await Promise.all([cache.close(), other.close()]);
    await stage.stop();
  }
}

/** Not `ping`, `invalidate`, `release`: those are the probe and the replay. */
const ASKED_BY_REQUESTS: ReadonlySet<PropertyKey> = new Set(['read', 'lease', 'renew', 'fill', 'expire', 'report']);

function open(options: RedisStoreOptions, onCall: (name: PropertyKey) => void): WatchedManager {
  const store = watched(redisStore(options), onCall);
  return new WatchedManager({ env: {}, types, store, logger: false });
}

/** The same store; tells of each method that is called. */
function watched(store: Store, onCall: (name: PropertyKey) => void): Store {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        onCall(name);
        return Reflect.apply(member, target, args);
      };
    },
  });
}

async function everyDeal(work: (id: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < DEALS; first += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, index) => work(first + index)));
  }
}

/** Ten values, so that every node of a Cluster has one. */
async function recovery(cache: WatchedManager, since: number): Promise<number> {
  const deals = cache.type('deal');
  const probes = Array.from({ length: 10 }, (_, index) => -1 - index);
  await until(
    'values to be stored again',
    async () => {
      const isStored = await Promise.all(probes.map((id) => deals.set(id, { id, team: 0, version: 0 })));
      return isStored.every(Boolean) || undefined;
    },
    { intervalMs: 5, timeoutMs: 30_000 },
  );
  return performance.now() - since;
}

async function staleDeals(source: Source, read: (id: number) => Promise<Deal | undefined>): Promise<number> {
  let stale = 0;
  await everyDeal(async (id) => {
    const deal = await read(id);
    if (deal && deal.version < source.now(id).version) stale++;
  });
  return stale;
}

async function noteHealth(cache: WatchedManager, noted: Set<string>): Promise<void> {
  const { findings } = await cache.healthCheck();
  for (const { code, message } of findings) {
    const reason = /\(([A-Z_]+)\)/.exec(message)?.[1];
    if (!ALWAYS_SO.has(code)) noted.add(reason ? `${code} (${reason})` : code);
  }
}

/** Of the servers of these tests, outage or not. */
const ALWAYS_SO: ReadonlySet<string> = new Set(['noeviction', 'no_memory_limit']);

function percentiles(values: readonly number[]): Suffering['storeMs'] {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function usedHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
