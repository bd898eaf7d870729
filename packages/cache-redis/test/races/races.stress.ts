import { startCluster, startRedis } from '@huntly/cache-testing';
import { describe, it } from 'vitest';
import { expectFresh, MANY, MUCH_LONGER } from './expectations.ts';
import { KINDS, type Kind } from './plan.ts';
import { type Outcome, race } from './race.ts';
import { courseOf } from './setup.ts';

/** What the quick tests do, until 2,000 reads of each kind came after an invalidation that met a load: none may be old. */
function expectNoneOld({ story, ...outcome }: Outcome, annotate: (text: string) => unknown): void {
  annotate(story);
  expectFresh({ story, ...outcome }, MANY);
}

describe('P1 over processes, 2,000 reads after a race each: on one server', () => {
  const course = courseOf(startRedis);

  it.for(KINDS)('%s', async (kind: Kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, servers: { url: target.url }, sourceUrl };
    expectNoneOld(await race(fleet, setting, MUCH_LONGER), annotate);
  });
});

describe('P1 over processes, 2,000 reads after a race each: on a Cluster of six nodes', () => {
  const course = courseOf(startCluster);

  it.for(KINDS)('%s', async (kind: Kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const cluster = target.nodes.map(({ host, port }) => ({ host, port }));
    expectNoneOld(await race(fleet, { kind, namespace: kind, servers: { cluster }, sourceUrl }, MUCH_LONGER), annotate);
  });
});

describe('P5 over processes, 2,000 reads after a race each: while another one evicts at random', () => {
  const course = courseOf(startRedis, { evictors: 1 });

  it.for(KINDS)('%s', async (kind: Kind, { annotate }) => {
    const { fleet, target, sourceUrl } = course();
    const setting = { kind, namespace: kind, servers: { url: target.url }, sourceUrl };
    expectNoneOld(await race(fleet, setting, MUCH_LONGER), annotate);
  });
});
