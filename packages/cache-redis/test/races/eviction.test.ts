import { startRedis } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { expectFresh, LONG_ENOUGH } from './expectations.ts';
import { KINDS } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

describe('P5 over processes, while another one evicts at random', () => {
  const course = courseOf(startRedis, { evictors: 1 });

  it.each(KINDS)('no read is stale after an invalidation: %s', async (kind) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, store: { url: target.url }, sourceUrl };
    const outcome = await race(fleet, setting, LONG_ENOUGH);
    process.stderr.write(`${outcome.story}\n`);
    expectFresh(outcome);
    const { values = 0, leases = 0, nonces = 0, logs = 0 } = outcome.evicted ?? {};
    expect(Math.min(values, leases, nonces, logs), outcome.story).toBeGreaterThan(0);
  });
});
