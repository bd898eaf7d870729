import { startRedis } from '@huntly/cache-testing';
import { describe, it } from 'vitest';
import { expectFresh, LONG_ENOUGH, PATIENT } from './expectations.ts';
import { KINDS } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

describe('P1 over processes, on one server', PATIENT, () => {
  const course = courseOf(startRedis);

  it.for(KINDS)('no read is stale after an invalidation: %s', async (kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, servers: { url: target.url }, sourceUrl };
    const outcome = await race(fleet, setting, LONG_ENOUGH);
    await annotate(outcome.story);
    expectFresh(outcome);
  });
});
