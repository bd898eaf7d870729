import { createCache, type Store } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { commandsDuring } from '../support/commands.ts';
import { ready } from '../support/ready.ts';

let server: RedisServer;
let stores: readonly [Store, Store];
beforeAll(async () => {
  server = await startRedis();
  stores = [redisStore({ url: server.url }), redisStore({ url: server.url })];
  await Promise.all(stores.map(ready));
}, 180_000);
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
});

const PATIENCE = { timeout: 30_000 };
const TAGS = ['a', 'b', 'c', 'd', 'e'];
const leadsOn = (store: Store) =>
  createCache({
    types: { lead: { ttl: '1h', tags: TAGS, wait: '1m', lease: '1m' } },
    store,
    storeBudget: false,
    logger: false,
  }).type('lead');

describe('who waits for the load of another process', { timeout: 60_000 }, () => {
  it('writes nothing while it asks again', async () => {
    const [there, here] = stores.map(leadsOn) as [ReturnType<typeof leadsOn>, ReturnType<typeof leadsOn>];
    const claim = await there.claim(1);
    if (claim.hit) throw new Error('there was a value');
    const load = vi.fn(() => 'mine');
    const asked = vi.spyOn(stores[1], 'lease');
    const waiting = here.getOrSet(1, load);
    await vi.waitFor(() => expect(asked.mock.results.length).toBeGreaterThanOrEqual(2), PATIENCE);
    await asked.mock.results[0]?.value;
    const commands = await commandsDuring(server, () =>
      vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThanOrEqual(6), PATIENCE),
    );
    expect(commands).not.toHaveProperty('set');
    expect(commands).not.toHaveProperty('xrevrange');
    await claim.fill('theirs');
    expect(await waiting).toBe('theirs');
    expect(load).not.toHaveBeenCalled();
  });

  it('may store when it gets the lease while it waits, unless something was invalidated since', async () => {
    const [store] = stores;
    const key = { text: 'lead:2', scope: { namespace: undefined, type: 'lead' } };
    const entry = { bytes: Buffer.from('"Ada"'), freshForMs: 60_000, expiresInMs: 60_000, loadMs: 1, tags: ['a'] };
    const ask = () => store.lease(key, { ttlMs: 10_000, tags: ['a'], again: true });
    const first = await ask();
    expect((await ask()).kind).toBe('busy');
    if (first.kind !== 'granted') throw new Error(first.kind);
    await store.invalidate([{ kind: 'tag', namespace: undefined, tag: 'a' }]);
    expect(await store.fill(first.lease, entry)).toBe('refused');
    const second = await ask();
    if (second.kind !== 'granted') throw new Error(second.kind);
    expect(await store.fill(second.lease, entry)).toBe('stored');
    expect((await ask()).kind).toBe('filled');
    expect((await store.read([key]))[0]).toMatchObject({ kind: 'hit' });
  });

  it('takes over a lease that an invalidation of its type has doomed', async () => {
    const [one, two] = stores;
    const key = { text: 'lead:3', scope: { namespace: undefined, type: 'lead' } };
    await one.read([key]); // sees the nonce of the type, which its lease names
    const options = { ttlMs: 10_000, tags: [] };
    expect((await one.lease(key, options)).kind).toBe('granted');
    await two.invalidate([{ kind: 'tag', namespace: undefined, tag: 'lead' }]);
    expect((await two.lease(key, { ...options, again: true })).kind).toBe('granted');
  });
});
