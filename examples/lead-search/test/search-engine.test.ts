import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../src/database.ts';
import { DEFAULT_PREFERENCES, type LeadSearch } from '../src/lead.ts';
import { SearchEngine } from '../src/search-engine.ts';
import { makeLeads, seed } from '../src/seed.ts';

const LEADS = makeLeads(300);
const EVERYTHING: LeadSearch = { q: '', industry: null, country: null, minScore: 0, page: 1, pageSize: 100 };

let database: Database;
let engine: SearchEngine;

beforeAll(async () => {
  database = await openDatabase(undefined);
  await seed(database, LEADS.length);
  engine = new SearchEngine(database);
}, 60_000);

afterAll(() => database.close());

describe('search', () => {
  test('finds words of the notes whatever their form, best match first', async () => {
    const { total, results } = await engine.search({ ...EVERYTHING, q: 'budgets' });
    const expected = LEADS.filter(({ notes }) => notes.includes('budget'));
    expect(total).toBe(expected.length);
    expect(results.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
    const order = results.map(({ relevance, score }) => relevance * 1_000 + score / 1_000);
    expect(order).toEqual([...order].sort((a, b) => b - a));
  });

  test('understands phrases, OR and minus', async () => {
    const total = async (q: string) => (await engine.search({ ...EVERYTHING, q })).total;
    const count = (matches: (notes: string) => boolean) => LEADS.filter(({ notes }) => matches(notes)).length;
    expect(await total('"security review"')).toBe(count((notes) => notes.includes('security review')));
    expect(await total('"heat pumps" or "zero trust"')).toBe(count((notes) => /heat pumps|zero trust/.test(notes)));
    expect(await total('demo -pilot')).toBe(count((notes) => /demo/.test(notes) && !/Pilot/.test(notes)));
  });

  test('combines words with filters', async () => {
    const { total, results } = await engine.search({ ...EVERYTHING, q: 'sales', country: 'Japan', minScore: 40 });
    expect(total).toBeGreaterThan(0);
    for (const row of results) expect(row).toMatchObject({ country: 'Japan', title: expect.stringContaining('Sales') });
    expect(Math.min(...results.map(({ score }) => score))).toBeGreaterThanOrEqual(40);
    expect(
      (await engine.search({ ...EVERYTHING, industry: 'Energy' })).results.map(({ industry }) => industry),
    ).toContain('Energy');
  });

  test('pages cover all matches once, and a page beyond the end still knows the total', async () => {
    const pages = await Promise.all([1, 2, 3].map((page) => engine.search({ ...EVERYTHING, page })));
    const ids = pages.flatMap(({ results }) => results.map(({ id }) => id));
    expect(new Set(ids).size).toBe(300);
    expect(await engine.search({ ...EVERYTHING, page: 9 })).toEqual({
      total: 300,
      page: 9,
      pageSize: 100,
      results: [],
    });
  });

  test('hostile text is only text', async () => {
    for (const q of [`'; drop table lead_search.leads; --`, '%', '"unclosed', '& | !', '\\', '$1']) {
      await expect(engine.search({ ...EVERYTHING, q })).resolves.toHaveProperty('results');
    }
  });
});

test('a lead comes back as it was made, and changes only where asked', async () => {
  const made = LEADS[41];
  expect(await engine.lead(42)).toEqual(made);
  const changed = await engine.updateLead(42, { score: 99, notes: 'Likes ferrets.' });
  expect(changed).toEqual({
    ...made,
    score: 99,
    notes: 'Likes ferrets.',
    updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  expect((await engine.search({ ...EVERYTHING, q: 'ferret' })).results.map(({ id }) => id)).toEqual([42]);
  expect(await engine.lead(301)).toBeUndefined();
  expect(await engine.updateLead(301, { score: 1 })).toBeUndefined();
});

test('suggestions begin like the prefix, without wildcards', async () => {
  const found = await engine.suggestions('Be');
  expect(found.length).toBeGreaterThan(0);
  for (const text of found) expect(text).toMatch(/^be/i);
  expect(await engine.suggestions('%')).toEqual([]);
});

test('metrics count every lead once', async () => {
  for (const metric of ['industry', 'country'] as const) {
    const rows = await engine.metric(metric);
    expect(rows.reduce((sum, { leads }) => sum + leads, 0)).toBe(300);
    expect(rows.every(({ averageScore }) => averageScore >= 0 && averageScore <= 100)).toBe(true);
  }
});

test('preferences are the defaults until saved', async () => {
  expect(await engine.preferences('ann@acme.example')).toEqual(DEFAULT_PREFERENCES);
  const wanted = { pageSize: 5, industries: ['Energy' as const], digest: 'daily' as const };
  await engine.savePreferences('ann@acme.example', DEFAULT_PREFERENCES);
  await engine.savePreferences('ann@acme.example', wanted);
  expect(await engine.preferences('ann@acme.example')).toEqual(wanted);
});

test('seeding again adds what is missing and changes nothing else', async () => {
  await database.query('delete from lead_search.leads where id = 5');
  await engine.updateLead(6, { score: 77 });
  await seed(database, 300);
  expect(await engine.lead(5)).toEqual(LEADS[4]);
  expect((await engine.lead(6))?.score).toBe(77);
});
