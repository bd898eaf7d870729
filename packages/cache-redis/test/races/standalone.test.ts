import { startRedis } from '@huntly/cache-testing';
import { describe, it } from 'vitest';
import { expectFresh, LONG_ENOUGH } from './expectations.ts';
import { KINDS } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

describe('P1 over processes, on one server', () => {
  const course = courseOf(startRedis);

  it.each(KINDS)('no read is stale after an invalidation: %s', async (kind) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, store: { url: target.url }, sourceUrl };
    const outcome = await race(fleet, setting, LONG_ENOUGH);
    process.stderr.write(`${outcome.story}\n`);
    expectFresh(outcome);
  });
});
