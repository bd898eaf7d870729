import { createCache } from '@huntly/cache-core';
import { type RedisServer, startRedis, until } from '@huntly/cache-testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redisStore } from '../src/index.ts';
import { ready } from './support/ready.ts';

const TYPES = { lead: { ttl: '1h', grace: '1h', degraded: { ttl: '1h' } } } as const;
const DOWN = new Error('the source is down');
const fail = () => Promise.reject(DOWN);

describe('reads of two processes on one server', () => {
  let server: RedisServer;
  const open = async () => {
    const store = redisStore({ url: server.url });
    await ready(store);
    return createCache({ types: TYPES, store, storeBudget: false, logger: false }); // a busy machine is no outage;
  };
  type Opened = Awaited<ReturnType<typeof open>>;
  let one: Opened;
  let two: Opened;
  beforeAll(async () => {
    server = await startRedis();
    one = await open();
    two = await open();
  });
  afterAll(async () => {
    await Promise.all([one.close(), two.close()]);
    await server.stop();
  });

  it('share a forced load, and the old value serves on', async () => {
    await one.type('lead').set(1, 'old');
    let finish = (_value: string) => {};
    const load = vi.fn(
      () =>
        new Promise<string>((resolve) => {
          finish = resolve;
        }),
    );
    const first = one.type('lead').getOrSet(1, load, { force: true });
    await until('the load to begin', () => load.mock.calls.length > 0 || undefined);
    const second = two.type('lead').getOrSet(1, load, { force: true });
    expect(await two.type('lead').getOrSet(1, () => 'never')).toBe('old');
    finish('new');
    expect(await Promise.all([first, second])).toEqual(['new', 'new']);
    expect(load).toHaveBeenCalledTimes(1);
    await expect(one.type('lead').getOrSet(1, fail, { force: true })).rejects.toBe(DOWN);
    expect(await two.type('lead').get(1)).toBe('new');
  });

  it('give a stale value to those who ask for one, until it is invalidated', async () => {
    await one.type('lead').set(2, 'old', { tags: ['acme'] });
    await one.type('lead').expire(2);
    expect([await two.type('lead').get(2), await two.type('lead').get(2, { stale: true })]).toEqual([undefined, 'old']);
    await one.invalidateTags(['acme']);
    expect(await two.type('lead').get(2, { stale: true })).toBeUndefined();
  });

  it('have what their process saw last while the server is gone and the source fails', async () => {
    await one.type('lead').set(3, 'seen');
    expect(await two.type('lead').get(3)).toBe('seen');
    await server.kill();
    expect(await two.type('lead').getOrSet(3, fail)).toBe('seen');
    await expect(one.type('lead').getOrSet(3, fail)).rejects.toBe(DOWN); // it has only written it
    expect(two.stats().lead.degraded).toBe(1);
  });
});
