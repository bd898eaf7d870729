import { randomInt } from 'node:crypto';
import { type FaultProxy, seededRandom, startFaultProxy } from '@huntly/cache-testing';
import { afterAll, describe, expect, it } from 'vitest';
import { drawPlan, FAULTS, sufferOnce } from './channel-faults.ts';
import { courseOf, expectNothingUnderway, GROUNDS } from './course.ts';

const HEARTBEAT_MS = 200;
const BOUND_MS = 3 * HEARTBEAT_MS;
const ROWS = Array.from({ length: 100 }, (_, index) => `row-${index}`);
const ROUNDS = 2 * FAULTS.length;

describe.each(GROUNDS)('P2 while announcements are cut, frozen and lost: %s', (name, start) => {
  const course = courseOf(start, 2, { opens: false });
  const proxies: FaultProxy[] = [];
  afterAll(() => Promise.all(proxies.map((proxy) => proxy.stop())));

  it(`no copy is older than the bound, of ${ROUNDS * ROWS.length}`, async ({ annotate }) => {
    const { fleet, ground, opening } = course();
    const seed = randomInt(2 ** 31);
    const random = seededRandom(seed);
    const detours = new Map<number, number>();
    for (const target of await ground.primaries()) {
      const proxy = await startFaultProxy({ target, seed });
      proxies.push(proxy);
      detours.set(target.port, proxy.port);
    }
    const [reader, writer] = fleet.members;
    await reader?.ask('open', { ...opening, heartbeatMs: HEARTBEAT_MS, detours });
    await writer?.ask('open', opening);

    let late = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const plan = drawPlan(round, { nodes: proxies.length, rows: ROWS.length, random });
      const proxy = proxies[plan.node];
      if (!proxy) throw new Error('there is no such node');
      const report = await sufferOnce(fleet, proxy, plan, { rows: ROWS, boundMs: BOUND_MS });
      const { changesMs: _, ...told } = plan;
      const story = `${name}, seed ${seed}, round ${round}: ${JSON.stringify({ ...told, ...report })}`;
      await annotate(story);
      expect(report.tooOld, story).toEqual([]);
      late += report.late;
    }
    expect(late).toBeGreaterThan(ROUNDS); // else no announcement was late, and nothing was tried
    await expectNothingUnderway(fleet);
  });
});
