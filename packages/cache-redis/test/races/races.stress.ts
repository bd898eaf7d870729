import { startCluster, startRedis } from '@huntly/cache-testing';
import { describe, it } from 'vitest';
import { expectFresh, MANY, MUCH_LONGER } from './expectations.ts';
import { KINDS } from './plan.ts';
import { race } from './race.ts';
import { courseOf } from './setup.ts';

// What the quick tests do, until 2,000 invalidations of each kind met a load, and 2,000 reads came after them: none may be old.

describe('P1 over processes, 2,000 races of each kind: on one server', () => {
  const course = courseOf(startRedis);

  it.for(KINDS)('%s', async (kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, servers: { url: target.url }, sourceUrl };
    const outcome = await race(fleet, setting, MUCH_LONGER);
    await annotate(outcome.story);
    expectFresh(outcome, MANY);
  });
});

describe('P1 over processes, 2,000 races of each kind: on a Cluster of six nodes', () => {
  const course = courseOf(startCluster);

  it.for(KINDS)('%s', async (kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const cluster = target.nodes.map(({ host, port }) => ({ host, port }));
    const outcome = await race(fleet, { kind, namespace: kind, servers: { cluster }, sourceUrl }, MUCH_LONGER);
    await annotate(outcome.story);
    expectFresh(outcome, MANY);
  });
});

describe('P5 over processes, 2,000 races of each kind: while another one evicts at random', () => {
  const course = courseOf(startRedis, { evictors: 1 });

  it.for(KINDS)('%s', async (kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, servers: { url: target.url }, sourceUrl };
    const outcome = await race(fleet, setting, MUCH_LONGER);
    await annotate(outcome.story);
    expectFresh(outcome, MANY);
  });
});
