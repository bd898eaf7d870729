import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Program, start } from './support.ts';

/** A database that answers nothing but an error until it is mended. */
let isBroken: boolean;
let program: Program;
let reported: string[];

beforeEach(async () => {
  isBroken = true;
  reported = [];
  const database = {
    description: 'PostgreSQL of this test',
    query: async <Row extends object>(): Promise<Row[]> => {
      if (isBroken) throw new Error('connection to 10.0.0.5 refused, password hunter2');
      return [];
    },
    close: async () => {
      isBroken = true;
    },
  };
  program = await start(database, { report: (where, error) => reported.push(`${where}: ${String(error)}`) });
});

afterEach(() => program.close());

test.each([
  'GET /search?q=solar',
  'GET /suggestions?prefix=be',
  'GET /analytics/industry',
  'GET /users/ann@acme.example/preferences',
])('%s: an error of the engine is a plain 500, and the next request works', async (call) => {
  const failed = await program.client.send(call);
  expect(failed.status).toBe(500);
  expect(JSON.parse(failed.text)).toEqual({
    error: { code: 'internal', message: 'The lead database did not answer. Nothing was cached; try again.' },
  });
  expect(reported).toEqual([expect.stringContaining('connection to 10.0.0.5 refused')]);
  isBroken = false;
  expect(await program.client.send(call)).toMatchObject({ status: 200, source: 'database' });
  expect(await program.client.send(call)).toMatchObject({ status: 200, source: 'cache' });
});

test('callers who wait for a search that fails are not left waiting', async () => {
  const replies = await Promise.all(Array.from({ length: 20 }, () => program.client.send('GET /search?q=solar')));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([500]));
});

test('a change that fails leaves what is cached', async () => {
  isBroken = false;
  await program.manager.cacheLeadData(7, { id: 7 });
  isBroken = true;
  expect(await program.client.send('PATCH /leads/7', { score: 1 })).toMatchObject({ status: 500 });
  expect(await program.client.send('GET /leads/7')).toMatchObject({ status: 200, source: 'cache', text: '{"id":7}' });
});

test('health is 503 while the database is away', async () => {
  const reply = await program.client.send('GET /health');
  expect(reply.status).toBe(503);
  expect(JSON.parse(reply.text)).toMatchObject({
    status: 'down',
    database: { status: 'down' },
    cache: { status: 'pass' },
  });
  expect(reply.text).not.toContain('hunter2');
});
