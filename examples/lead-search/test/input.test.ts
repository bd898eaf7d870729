import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portFrom } from '../src/settings.ts';
import { type Program, start } from './support.ts';

let program: Program;

beforeAll(async () => {
  program = await start({
    description: 'must not be asked',
    query: () => Promise.reject(new Error('Bad input reached the database.')),
    close: async () => {
      // nothing was opened
    },
  });
});

afterAll(() => program.close());

async function refusal(call: string, body?: unknown): Promise<{ message: string; fields: { field: string }[] }> {
  const reply = await program.client.send(call, body);
  expect(reply.status, `${call} ${reply.text}`).toBe(400);
  return JSON.parse(reply.text).error;
}

const BAD: readonly [field: string, call: string, body?: unknown][] = [
  ['minScore', 'GET /search?q=solar&minScore=many'],
  ['minScore', 'GET /search?q=solar&minScore=101'],
  ['minScore', 'GET /search?q=solar&minScore='],
  ['page', 'GET /search?page=0'],
  ['page', 'GET /search?page=1e2'],
  ['page', 'GET /search?page=1&page=2'],
  ['pageSize', 'GET /search?pageSize=101'],
  ['industry', 'GET /search?industry=Sorcery'],
  ['country', 'GET /search?country=Atlantis'],
  ['q', `GET /search?q=${'ha'.repeat(101)}`],
  ['q', 'GET /search?q=a%00b'],
  ['minscore', 'GET /search?minscore=50'],
  ['id', 'GET /leads/seven'],
  ['id', 'GET /leads/-1'],
  ['prefix', 'GET /suggestions'],
  ['prefix', 'GET /suggestions?prefix=%20'],
  ['metric', 'GET /analytics/password'],
  ['limit', 'GET /popular?limit=0'],
  ['email', 'GET /users/nobody/preferences'],
  ['score', 'PATCH /leads/7', { score: 101 }],
  ['score', 'PATCH /leads/7', { score: '50' }],
  ['email', 'PATCH /leads/7', { email: 'at home' }],
  ['notes', 'PATCH /leads/7', { notes: 'a\0b' }],
  ['name', 'PATCH /leads/7', { name: null }],
  ['id', 'PATCH /leads/7', { id: 8, score: 1 }],
  ['industries.0', 'PUT /users/a@b.example/preferences', { pageSize: 5, industries: ['Sorcery'], digest: 'daily' }],
  ['digest', 'PUT /users/a@b.example/preferences', { pageSize: 5, industries: [] }],
];

test.each(BAD)('%s is named by the answer to %s', async (field, call, body) => {
  const { message, fields } = await refusal(call, body);
  expect(fields).toEqual([{ field, problem: expect.stringMatching(/./) }]);
  expect(message).toContain(`${field}: `);
});

describe('a whole body', () => {
  test('that changes nothing is refused', async () => {
    expect((await refusal('PATCH /leads/7', {})).message).toBe('name at least one field to change');
  });

  test('that is missing is refused', async () => {
    expect((await refusal('PATCH /leads/7')).message).toContain('expected object');
  });

  test('of all wrong fields names all of them', async () => {
    const { fields } = await refusal('PATCH /leads/7', { score: -1, country: 'Atlantis', age: 4 });
    expect(fields.map(({ field }) => field).sort()).toEqual(['age', 'country', 'score']);
  });

  test('that is too large is refused as such', async () => {
    const reply = await program.client.send('PATCH /leads/7', { notes: 'x'.repeat(40_000) });
    expect([reply.status, JSON.parse(reply.text).error.message]).toEqual([413, 'The body is too large.']);
  });
});

test('a broken escape in the path is refused', async () => {
  expect(await program.client.send('GET /users/%E0%A4%A/preferences')).toMatchObject({ status: 400 });
});

test('PORT is a port', () => {
  expect([portFrom(undefined), portFrom(''), portFrom('8080')]).toEqual([3000, 3000, 8080]);
  for (const text of ['http', '-1', '65536', '80 ', '1e3']) expect(() => portFrom(text)).toThrow(/PORT must be/);
});
