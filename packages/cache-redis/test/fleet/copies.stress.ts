import { type RedisServer, until } from '@huntly/cache-testing';
import { describe, expect, it } from 'vitest';
import { changeAndRead, raceReads, untilCopies } from './copies.ts';
import { courseOf, expectNothingUnderway, GROUNDS } from './course.ts';
import type { Look } from './member.ts';

const rowsOf = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`);
const RACED = 20_000;
const OVERTAKEN = 4_000;
const BARRIERS = 10_000;

describe.each(GROUNDS)('P2 over processes: %s', (name, start) => {
  const course = courseOf(start, 2, { slowestReplyMs: 60 });

  it(`no copy outlives its invalidation, of ${RACED} reads that raced with one`, async ({ annotate }) => {
    const { fleet } = course();
    const total = await raceReads(course(), rowsOf('raced', 100), { raced: RACED, overtaken: OVERTAKEN });
    await annotate(`${name}: ${JSON.stringify(total)}`);
    await expectNothingUnderway(fleet);
  });

  it(`no read after a barrier is old, of ${BARRIERS}`, async ({ annotate }) => {
    const { fleet } = course();
    const rows = rowsOf('barrier', 50);
    const total = await changeAndRead(course(), rows, BARRIERS / rows.length);
    await annotate(`${name}: ${JSON.stringify(total)}`);
    expect(total).toMatchObject({ reads: BARRIERS, old: 0 });
    expect(total.hasCopy).toBeGreaterThan(BARRIERS / 2);
    await expectNothingUnderway(fleet);
  });

  const readerOf = () => {
    const [reader] = course().fleet.members;
    if (!reader) throw new Error('the fleet is empty');
    return reader;
  };
  const look = (type: 'foreign' | 'row', id: string, barrier = true): Promise<Look> =>
    readerOf().ask('look', { type, id, barrier });
  const untilCopy = (type: 'foreign' | 'row', id: string) =>
    until(`a copy of ${id}`, async () => (await look(type, id)).isCopy || undefined);
  const gone = { version: undefined, isCopy: false };

  it('copies follow what other programs set, delete and flush', async () => {
    const key = 'fleet/foreign:1';
    const node = await course().ground.nodeOf(key);
    for (let version = 1; version <= 100; version++) {
      await node.cli('SET', key, JSON.stringify({ version }));
      expect(await look('foreign', '1')).toEqual({ version, isCopy: false });
      await untilCopy('foreign', '1');
    }
    await node.cli('DEL', key);
    expect(await look('foreign', '1')).toEqual(gone);

    await node.cli('SET', key, JSON.stringify({ version: 101 }));
    const rows = rowsOf('flushed', 100);
    await untilCopies(course().fleet, rows);
    await untilCopy('foreign', '1');
    for (const primary of await course().ground.primaries()) await primary.cli('FLUSHALL');
    expect(await look('foreign', '1')).toEqual(gone);
    for (const row of rows) expect(await look('row', row), row).toEqual(gone);
  });

  it('copies follow values that expire', async () => {
    const key = 'fleet/foreign:2';
    const node = await course().ground.nodeOf(key);
    await node.cli('SET', key, JSON.stringify({ version: 1 }));
    await untilCopy('foreign', '2');
    await node.cli('PEXPIRE', key, 300); // the copy, if it comes back, knows of its end; one from before it would not
    await until(
      'the end of the copy',
      async () => (await look('foreign', '2', false)).version === undefined || undefined,
    );
  });

  it('copies follow values that are evicted', async () => {
    const rows = rowsOf('evicted', 200);
    await untilCopies(course().fleet, rows);
    for (const primary of await course().ground.primaries()) await evictSome(primary);
    const left = await Promise.all(rows.map((row) => exists(`fleet/row:${row}`)));
    const seen = await Promise.all(rows.map((row) => look('row', row)));
    const evicted = rows.filter((_, index) => !left[index]);
    expect(evicted.length).toBeGreaterThan(0);
    rows.forEach((row, index) => {
      if (!left[index]) expect(seen[index], row).toEqual(gone);
    });
    await expectNothingUnderway(course().fleet);
  });

  const exists = async (key: string): Promise<boolean> =>
    (await (await course().ground.nodeOf(key)).cli('EXISTS', key)) === 1;
});

/** The server has to make room by its own choice, until that is done. Afterwards it is not short any more. */
async function evictSome(server: RedisServer): Promise<void> {
  const numberIn = async (section: string, name: string) =>
    Number(new RegExp(`${name}:(\\d+)`).exec(String(await server.cli('INFO', section)))?.[1]);
  const before = await numberIn('stats', 'evicted_keys');
  await server.cli('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await server.cli('CONFIG', 'SET', 'maxmemory', (await numberIn('memory', 'used_memory')) - 10_000);
  await until('an eviction', async () => (await numberIn('stats', 'evicted_keys')) > before || undefined);
  await server.cli('CONFIG', 'SET', 'maxmemory', 0);
}
