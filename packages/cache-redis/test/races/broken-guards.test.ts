import { startRedis } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { PATIENT, UNTIL_STALE } from './expectations.ts';
import type { FaultName } from './faults.ts';
import type { Kind } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

/** Each guard of the protocol, and a kind of invalidation that is lost without it. */
const CASES: readonly [fault: FaultName, kind: Kind][] = [
  ['fillWithoutLease', 'key'],
  ['keptLease', 'key'],
  ['lateNonces', 'knownTag'],
  ['lateNonces', 'type'],
  ['lateMark', 'lateTag'],
  ['sweptValuesOnly', 'pattern'],
];

describe('races over processes find a protocol guilty that lacks a guard', PATIENT, () => {
  const course = courseOf(startRedis);

  it.for(CASES)('%s, by %s', async ([fault, kind], { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: `${fault}-${kind}`, servers: { url: target.url }, sourceUrl, fault };
    const outcome = await race(fleet, setting, UNTIL_STALE);
    await annotate(outcome.story);
    expect(outcome.stale.length, outcome.story).toBeGreaterThan(0);
  });
});
