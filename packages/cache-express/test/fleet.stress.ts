import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { startFleet, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it } from 'vitest';

interface Member {
  open(options: { url: string }): Promise<void>;
  storm(options: { path: string; count: number }): Promise<{ status: number; text: string }[]>;
  runs(): number;
}

let redis: Awaited<ReturnType<typeof startRedis>>;
let fleet: Awaited<ReturnType<typeof startFleet<Member>>>;

beforeAll(async () => {
  redis = await startRedis();
  fleet = await startFleet<Member>(new URL('fleet/member.ts', import.meta.url), 2);
  await fleet.askAll('open', { url: redis.url });
});
afterAll(async () => {
  await fleet.stop();
  await redis.stop();
});

it('100 concurrent misses over 2 processes run the handler once', async () => {
  const answers = (await fleet.askAll('storm', { path: '/slow?q=a', count: 50 })).flat();
  expect(answers).toHaveLength(100);
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  const runs = await fleet.askAll('runs');
  expect((runs[0] ?? 0) + (runs[1] ?? 0)).toBe(1);
});

it('an invalidation by a third process reaches both', async () => {
  const other = createCache({
    namespace: 'fleet',
    types: { http: { ttl: '1m' } },
    logger: false,
    store: redisStore({ url: redis.url }),
  });
  await other.ready();
  const before = await fleet.askAll('storm', { path: '/slow?q=b', count: 1 });
  expect(before[0]?.[0]?.text).toBe(before[1]?.[0]?.text);
  const runs = (await fleet.askAll('runs')).reduce((sum, count) => sum + count, 0);
  await other.type('http').invalidateAll();
  await fleet.askAll('storm', { path: '/slow?q=b', count: 5 });
  expect((await fleet.askAll('runs')).reduce((sum, count) => sum + count, 0)).toBe(runs + 1);
  await other.close();
});
