import { startRedis } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { expectFresh, LONG_ENOUGH, PATIENT, UNTIL_STALE } from './expectations.ts';
import { KINDS } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

describe('P5 over processes, while another one evicts at random', PATIENT, () => {
  const course = courseOf(startRedis, { evictors: 1 });

  it.for(KINDS)('no read is stale after an invalidation: %s', async (kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, servers: { url: target.url }, sourceUrl };
    const outcome = await race(fleet, setting, LONG_ENOUGH);
    await annotate(outcome.story);
    expectFresh(outcome);
    const { leases = 0, nonces = 0, logs = 0 } = outcome.evicted ?? {}; // a lost value is but a miss
    expect(Math.min(leases, nonces, logs), outcome.story).toBeGreaterThan(0);
  });

  it('finds a protocol guilty that takes a lost log for an empty one', async ({ annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const fault = 'lostLogIsEmpty';
    const setting = { kind: 'lateTag', namespace: fault, servers: { url: target.url }, sourceUrl, fault } as const;
    const outcome = await race(fleet, setting, UNTIL_STALE);
    await annotate(outcome.story);
    expect(outcome.stale.length, outcome.story).toBeGreaterThan(0);
  });
});
