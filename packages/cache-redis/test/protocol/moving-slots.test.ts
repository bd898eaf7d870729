import { buildKey, type Cache, type Clock, createCache, type Pattern, systemClock } from '@huntly/cache-core';
import { type RedisCluster, type RedisServer, seededRandom, startCluster, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RedisClient } from '../../src/connection/client.ts';
import { type Connection, openConnection } from '../../src/connection/connection.ts';
import { redisStore } from '../../src/index.ts';
import { sweep } from '../../src/protocol/sweep.ts';
import { ready } from '../support/ready.ts';
import { moveSlot, SlotMove, slotOf } from '../support/slots.ts';

const IDENTIFIERS = Array.from({ length: 60 }, (_, index) => `4${index}`);
const FOURS: Pattern = {
  scope: { namespace: undefined, type: 'lead' },
  glob: '4*',
  keyGlob: 'lead:4*',
  matches: (key) => key.startsWith('lead:4'),
};
const TYPES = { lead: { ttl: '1h' } } as const;

let cluster: RedisCluster;
let connection: Connection;
let cache: Cache<typeof TYPES>;
beforeAll(async () => {
  cluster = await startCluster();
  const seeds = cluster.nodes.map(({ host, port }) => ({ host, port }));
  connection = openConnection({ cluster: seeds });
  const store = redisStore({ cluster: seeds });
  await Promise.all([ready(store), until('the connection', () => connection.status().state === 'ready' || undefined)]);
  cache = createCache({ types: TYPES, store, storeBudget: false, logger: false });
});
afterAll(async () => {
  await Promise.all([cache.close(), connection.close()]);
  await cluster.stop();
});
beforeEach(async () => {
  await cluster.settled();
  await cache.clear();
});

/** What happens in the pauses of a sweep, and before each of its scans; `glob` tells leases from values. */
interface Meanwhile {
  pausing?(attempt: number): Promise<void>;
  scanning?(glob: string, port: number): Promise<void>;
}

/** A sweep of `lead:4*`, as the store does it; `widened` is why the whole type was dropped. */
async function sweepFours(meanwhile: Meanwhile, { mayWiden = true, dryRun = false } = {}) {
  let pauses = 0;
  let widened: string | undefined;
  const clock: Clock = {
    ...systemClock,
    after(_delayMs, task) {
      pauses++;
      void (meanwhile.pausing?.(pauses) ?? Promise.resolve()).then(task);
      return () => {};
    },
  };
  const watched: Connection = {
    client: connection.client,
    isCluster: true,
    heartbeatMs: 1_000,
    primaries: () => connection.primaries().map((primary) => watchedPrimary(primary, meanwhile)),
    status: () => connection.status(),
    onStatus: (listener) => connection.onStatus(listener),
    onTopology: (listener) => connection.onTopology(listener),
    demoted: (write) => connection.demoted(write),
    close: () => connection.close(),
  };
  const onWidened = (reason: string) => {
    widened = reason;
  };
  const removed = await sweep({
    connection: watched,
    clock,
    pattern: FOURS,
    options: { batchSize: 100, dryRun, ...(mayWiden && { onWidened }) },
    dropType: () => cache.type('lead').invalidateAll(),
  });
  return { removed, pauses, widened };
}

function watchedPrimary(primary: RedisClient, { scanning }: Meanwhile): RedisClient {
  return new Proxy(primary, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      if (name !== 'scan') return method.bind(target);
      return async (...args: Parameters<RedisClient['scan']>) => {
        await scanning?.(args[2], portOf(target));
        return target.scan(...args);
      };
    },
  });
}

function portOf({ options }: RedisClient): number {
  return options && 'port' in options ? Number(options.port) : 0;
}

/** A value of the pattern, and the primaries in the order in which a sweep comes to them. */
async function valueOnSecond(): Promise<{ id: string; slot: number; first: RedisServer; second: RedisServer }> {
  const servers = connection.primaries().map((primary) => {
    const server = cluster.nodes.find(({ port }) => port === portOf(primary));
    if (!server) throw new Error('a primary that is no node of the cluster');
    return server;
  });
  const [first, second] = servers;
  if (!first || !second) throw new Error('fewer than two primaries');
  for (const id of IDENTIFIERS) {
    const key = buildKey({ namespace: undefined, type: 'lead' }, id);
    if ((await cluster.nodeOf(key)) === second) return { id, slot: await slotOf(cluster, key), first, second };
  }
  throw new Error('no value lies on the second primary');
}

async function fill(): Promise<void> {
  await cache.type('lead').set('other', 'stays');
  await Promise.all(IDENTIFIERS.map((id) => cache.type('lead').set(id, 'old')));
}

/** The store must have answered: a read that failed would look like a value that is gone. */
async function readable(): Promise<string[]> {
  const attempt = async () => {
    const errors = new Set<string>();
    const forget = cache.on('storeError', ({ error }) => errors.add(String(error)));
    const values = await Promise.all(IDENTIFIERS.map(async (id) => ((await cache.type('lead').get(id)) ? [id] : [])));
    forget();
    expect([...errors]).toEqual([]);
    return values.flat();
  };
  return vi.waitFor(attempt, { timeout: 20_000 }); // a node that came or went is an interruption
}

describe('a sweep while slots move', () => {
  it('starts over when a slot went to a primary that was scanned already', async () => {
    await fill();
    const { slot, first, second } = await valueOnSecond();
    let moves = 0;
    const outcome = await sweepFours({
      async scanning(glob, port) {
        if (glob.startsWith('lead:') && port === second.port && moves++ === 0) await moveSlot(slot, second, first);
      },
    });
    expect(moves).toBeGreaterThan(1);
    expect(outcome).toMatchObject({ removed: IDENTIFIERS.length, widened: undefined });
    expect(await readable()).toEqual([]);
    expect(await cache.type('lead').get('other')).toBe('stays');
    await moveSlot(slot, first, second);
  });

  it('starts over when the slot has come back meanwhile', async () => {
    await fill();
    const { slot, first, second } = await valueOnSecond();
    const third = connection.primaries().map(portOf).at(2);
    let [away, back] = [0, 0];
    const outcome = await sweepFours({
      async scanning(glob, port) {
        if (!glob.startsWith('lead:')) return;
        if (port === second.port && away++ === 0) await moveSlot(slot, second, first);
        if (port === third && back++ === 0) await moveSlot(slot, first, second);
      },
    });
    expect([away, back]).toEqual([2, 2]);
    expect(outcome).toMatchObject({ removed: IDENTIFIERS.length, pauses: 1, widened: undefined });
    expect(await readable()).toEqual([]);
  });

  it('refuses a load whose lease moved past the scan of leases', async () => {
    const { id, slot, first, second } = await valueOnSecond();
    const claim = await cache.type('lead').claim(id);
    let moves = 0;
    await sweepFours({
      async scanning(glob, port) {
        if (glob.startsWith('lease:') && port === second.port && moves++ === 0) await moveSlot(slot, second, first);
      },
    });
    if (!claim.hit) await claim.fill('old');
    expect(await readable()).toEqual([]);
    await moveSlot(slot, first, second);
  });

  it('waits for a slot that is on its way', async () => {
    await fill();
    const { slot, first, second } = await valueOnSecond();
    const move = await SlotMove.begin(slot, second, first);
    let scans = 0;
    const outcome = await sweepFours({
      async scanning() {
        scans++;
      },
      async pausing(attempt) {
        expect(scans).toBe(0);
        await move.moveKeys();
        if (attempt === 2) await move.end();
      },
    });
    expect(outcome).toEqual({ removed: IDENTIFIERS.length, pauses: 2, widened: undefined });
    expect(await readable()).toEqual([]);
    await moveSlot(slot, first, second);
  });

  it('drops the whole type when that takes too long, and says so', async () => {
    await fill();
    const { slot, first, second } = await valueOnSecond();
    const move = await SlotMove.begin(slot, second, first);
    await move.moveKeys();
    const outcome = await sweepFours({});
    expect(outcome).toEqual({ removed: 0, pauses: 4, widened: expect.stringContaining('slots are moving') });
    expect(await readable()).toEqual([]);
    expect(await cache.type('lead').get('other')).toBeUndefined();
    await move.end();
    expect(await readable()).toEqual([]);
    await moveSlot(slot, first, second);
  });

  it('rejects instead where the type must not be dropped, and when it only counts', async () => {
    await fill();
    const { slot, first, second } = await valueOnSecond();
    const move = await SlotMove.begin(slot, second, first);
    await expect(sweepFours({}, { mayWiden: false })).rejects.toThrow('slots are moving');
    await expect(sweepFours({}, { dryRun: true })).rejects.toThrow('slots are moving');
    await move.cancel();
    expect(await readable()).toEqual(IDENTIFIERS);
  });

  it('leaves no old value behind, however slots move about', async ({ annotate }) => {
    const seed = Date.now() % 1_000_000;
    await annotate(`seed ${seed}`);
    const random = seededRandom(seed);
    const oneOf = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)];
    let moved = 0;
    let moves = Promise.resolve();
    const moveOne = async () => {
      const key = `lead:${oneOf(IDENTIFIERS)}`;
      const from = await cluster.nodeOf(key);
      const to = oneOf((await cluster.primaries()).filter((primary) => primary !== from));
      if (!to) throw new Error('one primary only');
      await moveSlot(await slotOf(cluster, key), from, to);
      await cluster.settled();
      moved++;
    };
    const outcomes: string[] = [];
    for (let round = 0; round < 15; round++) {
      await fill();
      const { widened, pauses } = await sweepFours({
        async scanning() {
          if (random() >= 0.15) return;
          // One after the other, as `redis-cli` does it: new owners that choose their epochs at once may choose the same.
          moves = moves.then(moveOne);
          await moves;
        },
      });
      outcomes.push(widened ? 'widened' : `${pauses}`);
      expect(await readable()).toEqual([]);
    }
    await annotate(`${moved} slots moved; sweeps started over ${outcomes.join(', ')} times`);
    expect(moved).toBeGreaterThan(0);
  });
});
