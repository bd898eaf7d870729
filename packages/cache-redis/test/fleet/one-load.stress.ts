import { until } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { courseOf, expectNothingUnderway, GROUNDS, startMembers } from './course.ts';
import { countsOf, expectOneLoad, untilLoads } from './one-load.ts';

const CALLERS = 250;
const VERSIONS = 20;
/** Of those who wait for a lease; and what one request may spend on the store. */
const LONGEST_POLL_MS = 200;
const STORE_MS = 50;
const NAMES = Array.from({ length: 20 }, (_, index) => `cold-${index}`);

describe.each(GROUNDS)('P3 over four processes: %s', (_name, start) => {
  const course = courseOf(start, 4);

  it('loads a cold value once, of 1,000 callers', async () => {
    const { fleet } = course();
    for (const name of NAMES) await expectOneLoad(course(), name, CALLERS);
    const { stored, loads, storeErrors } = await countsOf(fleet);
    expect({ stored, loads, storeErrors }).toEqual({ stored: NAMES.length, loads: NAMES.length, storeErrors: 0 });
    await expectNothingUnderway(fleet);
  });

  it('loads once more when the process that loads is killed', async () => {
    const { fleet, opening, source } = course();
    const doomed = await startMembers(1); // a fleet of its own, as the death of a member ends a fleet
    await doomed.askAll('open', opening);
    const [holder] = doomed.members;
    if (!holder) throw new Error('the fleet is empty');
    const held = expect(holder.ask('hold', 'killed')).rejects.toThrow('SIGKILL');
    await untilLoads(course(), 'killed', 1);
    const found = fleet.members
      .slice(1)
      .map((member) => member.ask('storm', { name: 'killed', callers: CALLERS, loadMs: 50 }));
    process.kill(holder.pid, 'SIGKILL');
    await held;
    expect(await Promise.all(found)).toEqual([[2], [2], [2]]);
    expect(await source.loads('killed')).toBe(2);
    await expectNothingUnderway(fleet);
    await expect(doomed.stop()).rejects.toThrow('SIGKILL');
  });

  it('tries a failing source from one process at a time, and loads once when it is repaired', async () => {
    const { fleet, source } = course();
    const found = fleet.askAll('insist', { name: 'broken', callers: 25 });
    await untilLoads(course(), 'broken', 20);
    await source.repair('broken');
    const versions = new Set((await found).flat());
    expect(await source.mostAtATime('broken')).toBe(1);
    expect([...versions]).toEqual([await source.loads('broken')]);
    await expectNothingUnderway(fleet);
  });

  it('lets others try within one step of their poll when a load is skipped', async () => {
    const { fleet, source } = course();
    const [first, ...others] = fleet.members;
    if (!first) throw new Error('the fleet is empty');
    const skipped = first.ask('skip', { name: 'skipped', loadMs: 1_000 });
    await untilLoads(course(), 'skipped', 1);
    const found = others.map((member) => member.ask('storm', { name: 'skipped', callers: CALLERS, loadMs: 50 }));
    expect(await skipped).toBe(1);
    expect(await Promise.all(found)).toEqual([[2], [2], [2]]);
    expect(await source.loads('skipped')).toBe(2);

    const traces = await fleet.askAll('leases');
    const steps = traces.flatMap((trace) => trace.steps).filter(({ key }) => key.endsWith(':skipped'));
    const release = steps.find((step) => step.kind === 'released');
    const [, next] = steps
      .filter(({ kind }) => kind === 'granted')
      .sort((one, other) => Number(one.askedAt - other.askedAt));
    if (release?.kind !== 'released' || !next) throw new Error('the lease was given once');
    // They poll, as leases are not announced. Whoever asks first after it was given back has it.
    const isBetween = (at: bigint) => at > release.answeredAt && at < next.askedAt;
    expect(steps.filter(({ kind, askedAt }) => kind === 'busy' && isBetween(askedAt))).toEqual([]);
    const waitedMs = Number(next.askedAt - release.answeredAt) / 1e6;
    const stalledMs = Math.max(...traces.map(({ longestStallMs }) => longestStallMs));
    expect(waitedMs - stalledMs).toBeLessThan(LONGEST_POLL_MS + STORE_MS);
    await expectNothingUnderway(fleet);
  });

  it('refreshes a hot value ahead: one load for each of 20 versions, and nobody waits after the first', async () => {
    const { fleet, source } = course();
    const [first, ...others] = fleet.members;
    if (!first) throw new Error('the fleet is empty');
    const before = await countsOf(fleet);
    const reading = [first.ask('readHot', { name: 'hot', callers: 10 })];
    await until('the first value', async () => (await countsOf(fleet)).stored > before.stored || undefined);
    const warm = await countsOf(fleet);
    reading.push(...others.map((member) => member.ask('readHot', { name: 'hot', callers: 10 })));
    await untilLoads(course(), 'hot', VERSIONS + 1);
    await fleet.askAll('end');
    const seen = new Set((await Promise.all(reading)).flat());
    await expectNothingUnderway(fleet);

    const after = await countsOf(fleet);
    const loads = await source.loads('hot');
    expect(after.misses - warm.misses).toBe(0);
    expect(after.stored - before.stored).toBe(loads);
    expect(after.refused - before.refused).toBe(0);
    expect(seen.size).toBeGreaterThanOrEqual(VERSIONS);
    expect(after.localHits - warm.localHits).toBeGreaterThan(VERSIONS);
  });
});
