import { createCache, systemClock } from '@huntly/cache-core';
import { startRedis } from '@huntly/cache-testing';
import { expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// The clock of the server was compared with the wall clock of the process once. When that was set right later, each entry seemed older or
// younger by the difference.

it('ages do not follow the wall clock of the process', async () => {
  const server = await startRedis();
  const store = redisStore({ url: server.url });
  await ready(store);
  const leads = createCache({
    types: { lead: { ttl: '1h' } },
    store,
    storeBudget: false,
    logger: false,
    random: () => 0,
  }).type('lead');
  await leads.set(0, 'after the clock of the server was read');
  await leads.set(1, 'Ada');
  const epoch = vi.spyOn(systemClock, 'epoch').mockImplementation(() => Date.now() + 30 * 60_000);
  expect(await leads.getTtl(1)).toBeGreaterThan(3_590);
  epoch.mockRestore();
  await store.close();
  await server.stop();
});
