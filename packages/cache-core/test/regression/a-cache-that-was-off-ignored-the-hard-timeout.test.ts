import { expect, it } from 'vitest';
import { createCache, LoaderTimeoutError } from '../../src/index.ts';
import { FakeClock, settle } from '../../src/testing/index.ts';
import { heldLoader } from '../engine/fixtures.ts';

it('a cache that is not enabled keeps to the hardTimeout of a type', async () => {
  const clock = new FakeClock();
  const types = { lead: { ttl: '1h', hardTimeout: '3s' } } as const;
  const leads = createCache({ types, enabled: false, clock, logger: false }).type('lead');
  const { load, call } = heldLoader<unknown>();
  const many = heldLoader<unknown>();
  const reads = Promise.allSettled([
    leads.getOrSet(1, load),
    leads.getOrSetMany([2, 3], () => many.load(call(0).context) as never),
  ]);
  await clock.advance(3_000);
  for (const outcome of await reads) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(LoaderTimeoutError) as unknown });
  }
  expect(call(0).context.signal.aborted).toBe(true);
  call(0).reject(new Error('late')); // an unhandled rejection would fail this run
  await settle();
  expect(clock.pendingTimers).toBe(0);
});
