import { until } from '@huntly/cache-testing';
import { expect } from 'vitest';
import type { Course, MemberFleet } from './course.ts';

/** All members ask for a value that nobody has. */
export async function expectOneLoad({ fleet, source }: Course, name: string, callers: number): Promise<void> {
  const found = await fleet.askAll('storm', { name, callers, loadMs: 50 });
  expect(found, name).toEqual(fleet.members.map(() => [1]));
  expect(await source.loads(name), name).toBe(1);
}

/** The sum of what each member counts. */
export async function countsOf(fleet: MemberFleet) {
  const all = await fleet.askAll('counts');
  const total = (count: keyof (typeof all)[number]) => all.reduce((sum, each) => sum + each[count], 0);
  return {
    misses: total('misses'),
    stored: total('stored'),
    loads: total('loads'),
    refused: total('refused'),
    localHits: total('localHits'),
    storeErrors: total('storeErrors'),
  };
}

/** Waits until a value was loaded so often. */
export async function untilLoads({ source }: Pick<Course, 'source'>, name: string, loads: number): Promise<void> {
  await until(`${loads} loads of ${name}`, async () => (await source.loads(name)) >= loads || undefined, {
    timeoutMs: 60_000,
  });
}
