import { buildKey } from '@huntly/cache-core';
import { type RedisCluster, startCluster } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { expectFresh, LONG_ENOUGH, PATIENT } from './expectations.ts';
import { KINDS, type Kind, rowsOf } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

describe('P1 over processes, on a Cluster of six nodes', PATIENT, () => {
  const course = courseOf(startCluster);

  it.for(KINDS)('no read is stale after an invalidation: %s', async (kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    await expectAllPrimariesUsed(target, kind);
    const cluster = target.nodes.map(({ host, port }) => ({ host, port }));
    const outcome = await race(fleet, { kind, namespace: kind, servers: { cluster }, sourceUrl }, LONG_ENOUGH);
    await annotate(outcome.story);
    expectFresh(outcome);
  });
});

/** Values lie on every primary, thus some of them elsewhere than the nonce of their type. */
async function expectAllPrimariesUsed(cluster: RedisCluster, kind: Kind): Promise<void> {
  const keys = rowsOf(kind).flatMap(({ type, identifiers }) =>
    identifiers.map((identifier) => buildKey({ namespace: kind, type }, identifier)),
  );
  const nodes = await Promise.all(keys.map((key) => cluster.nodeOf(key)));
  expect(new Set(nodes).size).toBe(3);
}
