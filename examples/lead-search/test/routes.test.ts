import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_PREFERENCES, type Lead, type MetricRow, type SearchPage } from '../src/lead.ts';
import { curlLine, ROUTES } from '../src/routes/list.ts';
import { makeLeads } from '../src/seed.ts';
import { LEADS, type Program, startProgram } from './support.ts';

let program: Program;

beforeAll(async () => {
  program = await startProgram();
}, 60_000);

afterAll(() => program.close());

const get = async <Body>(path: string) => (await program.client.json<Body>(`GET ${path}`)).body;

test('a search answers a page of leads with the words and the filters', async () => {
  const page = await get<SearchPage>('/search?q=budget&minScore=30&pageSize=5');
  expect(page).toMatchObject({ page: 1, pageSize: 5 });
  expect(page.results).toHaveLength(5);
  expect(page.total).toBeGreaterThan(5);
  for (const { notes, score } of page.results) {
    expect(notes).toContain('budget');
    expect(score).toBeGreaterThanOrEqual(30);
  }
  const second = await get<SearchPage>('/search?q=budget&minScore=30&pageSize=5&page=2');
  expect(second.results.map(({ id }) => id)).not.toContain(page.results[0]?.id);
});

test('a lead answers in full', async () => {
  expect(await get<Lead>('/leads/12')).toEqual(makeLeads(12)[11]);
});

test('a change answers the lead as it is now', async () => {
  const { body } = await program.client.json<Lead>('PATCH /leads/13', { score: 3, city: 'Oslo' });
  expect(body).toMatchObject({ id: 13, score: 3, city: 'Oslo' });
  expect(await get<Lead>('/leads/13')).toEqual(body);
});

test('suggestions, metrics and popular searches answer lists', async () => {
  expect((await get<string[]>('/suggestions?prefix=b')).length).toBeGreaterThan(0);
  for (const metric of ['industry', 'country']) {
    const rows = await get<MetricRow[]>(`/analytics/${metric}`);
    expect(rows.reduce((sum, { leads }) => sum + leads, 0)).toBe(LEADS);
  }
  await get('/search?q=solar');
  await get('/search?q=SOLAR&minScore=1');
  await get('/search?q=solar&page=2');
  expect(await get('/popular?limit=100')).toContainEqual({ query: 'solar', count: 2 });
});

test('preferences are the defaults, then what was saved; the address has no capitals', async () => {
  expect(await get('/users/ann@acme.example/preferences')).toEqual(DEFAULT_PREFERENCES);
  const wanted = { pageSize: 50, industries: ['Energy'], digest: 'daily' };
  await program.client.json('PUT /users/Ann@Acme.example/preferences', wanted);
  expect(await get('/users/ann@acme.example/preferences')).toEqual(wanted);
});

test('health and stats describe both sides', async () => {
  expect(await get('/health')).toMatchObject({ status: 'up', database: { status: 'up' }, cache: { status: 'pass' } });
  expect(await get('/health/cache')).toMatchObject({ status: 'pass', serviceId: 'lead-search', checks: {} });
  expect(await get('/stats')).toMatchObject({
    types: { search: {}, http: {} },
    routes: expect.arrayContaining([{ route: '/search', result: 'miss', count: expect.any(Number) }]),
  });
});

test('the routes that are printed all work, and a line to call each', async () => {
  for (const route of ROUTES) {
    const body = 'body' in route ? JSON.parse(route.body) : undefined;
    expect(await program.client.send(route.call, body), route.call).toMatchObject({ status: 200 });
    expect(curlLine(route, 'http://localhost')).toMatch(/^curl -i (-X [A-Z]+ )?'http:\/\/localhost\//);
  }
});

test('what does not exist is 404, as JSON', async () => {
  for (const [call, body] of [
    ['GET /leads/301'],
    ['PATCH /leads/301', { score: 1 }],
    ['GET /nothing'],
    ['DELETE /leads/1'],
  ] as const) {
    const reply = await program.client.send(call, body);
    expect(reply.status, call).toBe(404);
    expect(JSON.parse(reply.text)).toEqual({
      error: { code: 'not_found', message: expect.stringMatching(/^There is no /) },
    });
  }
});
