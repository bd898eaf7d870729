import { expect, it, vi } from 'vitest';
import { createCache, memoryStore, StoreUnavailableError } from '../../src/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

// All reads of a tick travel together. What one part of a store did not answer, a node that was frozen, failed all of them at the deadline, and
// after five of those the breaker kept everyone from the parts that did answer.

it('a reader has its value as soon as it is there; only what has no answer is loaded; the breaker stays closed', async () => {
  const clock = new FakeClock();
  const store = memoryStore({ clock });
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, clock, logger: false });
  const leads = cache.type('lead');
  await leads.setMany([
    [1, 'live'],
    [2, 'frozen'],
  ]);
  const { read } = store;
  vi.spyOn(store, 'read').mockImplementation(async (keys, call) => {
    const replies = await read.call(store, keys);
    for (const [index, { text }] of keys.entries()) {
      const reply = replies[index];
      if (reply && text === 'lead:1') call?.onReply?.(index, reply);
    }
    return new Promise(() => {}); // the rest never comes
  });
  for (let round = 0; round < 10; round++) {
    const live = leads.get(1);
    const frozen = leads.getOrSet(2, () => 'loaded');
    expect(await live).toBe('live'); // no time has passed
    await clock.advance(50);
    expect(await frozen).toBe('loaded');
  }
  expect(cache.stats().lead.hits).toBe(10);
});

it('a key without an answer is loaded, and the others of its read are hits', async () => {
  const store = memoryStore();
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, logger: false });
  await cache.type('lead').setMany([
    [1, 'one'],
    [2, 'two'],
  ]);
  const { read } = store;
  const error = new StoreUnavailableError('NOPERM');
  vi.spyOn(store, 'read').mockImplementation(async (keys) => {
    const replies = await read.call(store, keys);
    return replies.map((reply, index) => (keys[index]?.text === 'lead:2' ? { kind: 'unavailable', error } : reply));
  });
  expect(await cache.type('lead').getOrSetMany([1, 2], (missing) => missing.map((id) => `loaded ${id}`))).toEqual([
    'one',
    'loaded 2',
  ]);
  expect(cache.stats().lead).toMatchObject({ hits: 1, storeErrors: 1 });
});
