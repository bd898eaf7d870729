import { describe, expect, it } from 'vitest';
import { changeAndRead, raceReads } from './copies.ts';
import { courseOf, expectNothingUnderway, GROUNDS } from './course.ts';
import { expectOneLoad } from './one-load.ts';

/** The most important of what `npm run stress` tries at length. */
describe.each(GROUNDS)('two processes with copies: %s', (_name, start) => {
  const course = courseOf(start, 2, { slowestReplyMs: 60 });
  const rows = Array.from({ length: 50 }, (_, index) => `row-${index}`);

  it('load a cold value once, of 500 callers', async () => {
    const { fleet } = course();
    await expectOneLoad(course(), 'cold', 250);
    await expectNothingUnderway(fleet);
  });

  it('have no copy that outlives its invalidation, however reads and changes meet', async () => {
    await raceReads(course(), rows, { raced: 300, overtaken: 50 });
    await expectNothingUnderway(course().fleet);
  });

  it('have nothing old after a barrier', async () => {
    expect(await changeAndRead(course(), rows, 4)).toMatchObject({ reads: 200, old: 0 });
    await expectNothingUnderway(course().fleet);
  });
});
