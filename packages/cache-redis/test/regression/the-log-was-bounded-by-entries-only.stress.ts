import { createCache } from '@huntly/cache-core';
import { startRedis } from '@huntly/cache-testing';
import { expect, it } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// 10,000 invalidations of 1,000 tags each would have been kept: some 200 MB, and read by each load with late tags.

it('invalidations of many tags leave a log of a few megabytes, and are still noticed by loads', async () => {
  const server = await startRedis();
  const store = redisStore({ url: server.url });
  await ready(store);
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, storeBudget: false, logger: false });
  const tagsOf = (round: number) => Array.from({ length: 1_000 }, (_, index) => `tag ${round * 1_000 + index}`);
  for (let round = 0; round < 500; round++) await cache.invalidateTags(tagsOf(round));
  expect(Number(await server.cli('MEMORY', 'USAGE', 'tag', 'SAMPLES', 0))).toBeLessThan(4_000_000);

  const leads = cache.type('lead');
  const claim = await leads.claim(1);
  await cache.invalidateTags(tagsOf(7));
  if (!claim.hit) await claim.fill('old', { tags: ['tag 7007'] });
  expect(await leads.get(1)).toBeUndefined();
  const second = await leads.claim(1);
  await cache.invalidateTags(tagsOf(8));
  if (!second.hit) await second.fill('Ada', { tags: ['tag 7007'] });
  expect(await leads.get(1)).toBe('Ada');
  await cache.close();
  await server.stop();
});
