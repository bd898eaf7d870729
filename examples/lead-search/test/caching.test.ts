import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Lead, MetricRow, SearchPage } from '../src/lead.ts';
import { type Program, start, startProgram } from './support.ts';

let program: Program;

beforeAll(async () => {
  program = await startProgram();
}, 60_000);

beforeEach(() => program.manager.clearAllCache());

afterAll(() => program.close());

async function sources(...calls: string[]): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for (const call of calls) found.push((await program.client.json(call)).source);
  return found;
}

test.each([
  'GET /search?q=solar',
  'GET /leads/7',
  'GET /suggestions?prefix=be',
  'GET /analytics/industry',
  'GET /users/bob@acme.example/preferences',
])('%s comes from the database once, then from the cache', async (call) => {
  const first = await program.client.json(call);
  const queries = program.engine.queries;
  const second = await program.client.json(call);
  expect([first.source, second.source]).toEqual(['database', 'cache']);
  expect(second.text).toBe(first.text);
  expect(program.engine.queries).toBe(queries);
  expect(second.serverMs).toBeGreaterThanOrEqual(0);
});

test('equal questions are one entry, different ones are not', async () => {
  expect(
    await sources(
      'GET /search?q=heat+pumps',
      'GET /search?page=1&q=++HEAT++pumps&minScore=0',
      'GET /search?q=heat+pumps&page=2',
      'GET /search?q=heat+pumps&country=Japan',
      'GET /search?q=pumps+heat',
    ),
  ).toEqual(['database', 'cache', 'database', 'database', 'database']);
});

test('200 callers of one cold search cost one query', async () => {
  const queries = program.engine.queries;
  const replies = await Promise.all(
    Array.from({ length: 200 }, () => program.client.json<SearchPage>('GET /search?q=sales')),
  );
  expect(program.engine.queries - queries).toBe(1);
  expect(replies.filter(({ source }) => source === 'database')).toHaveLength(1);
  expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
  expect(replies[0]?.body.total).toBeGreaterThan(0);
});

test('200 callers of one cold lead cost one query', async () => {
  const queries = program.engine.queries;
  await Promise.all(Array.from({ length: 200 }, () => program.client.json('GET /leads/99')));
  expect(program.engine.queries - queries).toBe(1);
});

test('an update drops the lead and the searches that show it, and no others', async () => {
  const { body: lead } = await program.client.json<Lead>('GET /leads/20');
  const withLead = `GET /search?q=${encodeURIComponent(`"${lead.name}"`)}`;
  const without = 'GET /search?q=axolotl';
  expect(await sources(withLead, without, withLead, without)).toEqual(['database', 'database', 'cache', 'cache']);
  await program.client.json('PATCH /leads/20', { employees: 123_456 });
  const fresh = await program.client.json<SearchPage>(withLead);
  expect(fresh.source).toBe('database');
  expect(fresh.body.results.find(({ id }) => id === 20)?.employees).toBe(123_456);
  expect((await program.client.json<Lead>('GET /leads/20')).body.employees).toBe(123_456);
  expect(await sources(without, 'GET /leads/20')).toEqual(['cache', 'cache']);
});

test('a lead enters a cached search that did not show it', async () => {
  const search = 'GET /search?q=quokka';
  expect(await sources(search, search)).toEqual(['database', 'cache']);
  await program.client.json('PATCH /leads/21', { notes: 'Photographs every quokka.' });
  expect((await program.client.json<SearchPage>(search)).body.results.map(({ id }) => id)).toEqual([21]);
});

test('an update shows in metrics and suggestions', async () => {
  const total = async () => {
    const { body } = await program.client.json<MetricRow[]>('GET /analytics/country');
    return body.find(({ group }) => group === 'Japan')?.leads ?? 0;
  };
  const suggestions = async () => (await program.client.json<string[]>('GET /suggestions?prefix=zyx')).body;
  const { body: lead } = await program.client.json<Lead>('GET /leads/22');
  const before = await total();
  expect(await suggestions()).toEqual([]);
  await program.client.json('PATCH /leads/22', { country: 'Japan', company: 'Zyxel and Daughters' });
  expect(await total()).toBe(before + (lead.country === 'Japan' ? 0 : 1));
  expect(await suggestions()).toEqual(['Zyxel and Daughters']);
});

test('a lead that does not exist is not remembered', async () => {
  await program.client.send('GET /leads/301');
  expect(await program.manager.exists('lead', 301)).toBe(false);
});

test('a search that had read a lead before it changed is not kept', async () => {
  const { body: lead } = await program.client.json<Lead>('GET /leads/23');
  const search = `GET /search?q=${encodeURIComponent(`"${lead.name}"`)}`;
  const employees = async () => {
    const { body, source } = await program.client.json<SearchPage>(search);
    return { source, employees: body.results.find(({ id }) => id === 23)?.employees };
  };
  const held = program.database.holdNext();
  const slow = employees();
  await held.answered;
  await program.client.json('PATCH /leads/23', { employees: 654_321 });
  held.release();
  expect(await slow).toEqual({ source: 'database', employees: lead.employees });
  expect(await employees()).toEqual({ source: 'database', employees: 654_321 });
  expect(await employees()).toEqual({ source: 'cache', employees: 654_321 });
});

test('with CACHE_ENABLED=false every answer comes from the database', async () => {
  const { database } = program;
  const uncached = await start({ ...database, close: async () => undefined }, { env: { CACHE_ENABLED: 'false' } });
  try {
    for (const call of [
      'GET /search?q=solar',
      'GET /leads/7',
      'GET /suggestions?prefix=b',
      'GET /analytics/industry',
    ]) {
      const [first, second] = [await uncached.client.json(call), await uncached.client.json(call)];
      expect([first.source, second.source], call).toEqual(['database', 'database']);
    }
    expect((await uncached.client.json('GET /popular')).body).toEqual([]);
  } finally {
    await uncached.close();
  }
});
