import { expect, test } from 'vitest';
import type { Database } from '../src/database.ts';
import { startServer } from '../src/server.ts';
import { start } from './support.ts';

const EMPTY: Database = {
  description: 'PostgreSQL of this test',
  query: async () => [],
  close: async () => undefined,
};

test('closing lets a running request end, takes no new one, and may be asked for twice', async () => {
  const program = await start(EMPTY);
  const held = program.database.holdNext();
  const running = program.client.send('GET /suggestions?prefix=be');
  await held.answered;
  const closing = program.close();
  await expect(program.client.send('GET /health')).rejects.toThrow('ECONNREFUSED');
  held.release();
  expect(await running).toMatchObject({ status: 200, text: '[]' });
  await closing;
  await expect(program.close()).resolves.toBeUndefined();
});

test('a port that is taken is named', async () => {
  const { manager, engine, client, close } = await start(EMPTY);
  const port = Number(new URL(client.url).port);
  await expect(startServer({ manager, engine }, port)).rejects.toThrow(`Port ${port} is taken`);
  await close();
});
