import { createCacheManager } from '@huntly/cache-redis';
import { type Database, openDatabase } from './database.ts';
import { SearchEngine } from './search-engine.ts';
import { seedOrClose } from './seed.ts';
import { shutDown, startServer } from './server.ts';
import { NAMESPACE } from './settings.ts';
import { coldAndWarm, crowd, health, popularity } from './tour/chapters.ts';
import { Client } from './tour/client.ts';
import { Facts } from './tour/facts.ts';
import { holdable } from './tour/holdable.ts';
import { line, milliseconds } from './tour/screen.ts';
import { update } from './tour/update.ts';

const LEADS = 20_000;
const COUNT = LEADS.toLocaleString('en');

/** `pnpm demo`: starts the server, asks it over HTTP, and shows what its cache does. Ends by itself. */
async function tour(): Promise<void> {
  const startedAt = performance.now();
  console.log('Lead search: what the cache does, shown with real HTTP requests\n');
  const database = holdable(await prepare());
  // On a busy machine a Redis may need longer than the usual 50 ms; the facts below are about the cache, not about going without it.
  const manager = createCacheManager({ namespace: NAMESPACE, storeBudget: '5s', logger: false });
  await manager.ready();
  await manager.clearAllCache(); // a Redis may remember an earlier tour
  const engine = new SearchEngine(database);
  const server = await startServer({ manager, engine }, 0);
  const client = new Client(server.url);
  const facts = new Facts();
  try {
    line(`Cache      ${process.env['REDIS_URL'] ? 'the Redis of REDIS_URL' : 'in this process'}`);
    line(`Server     ${server.url}`);
    const stage = { client, manager, engine, facts, database };
    await coldAndWarm(stage);
    await crowd(stage);
    await update(stage);
    await popularity(stage);
    await health(stage);
  } finally {
    await shutDown(server, manager, database);
  }
  const took = milliseconds(performance.now() - startedAt);
  console.log(`\nDone in ${took}: ${facts.shown} facts checked, all as promised.`);
}

/** The embedded server keeps this process busy while it starts, so each step is announced before it begins. */
async function prepare(): Promise<Database> {
  const startedAt = performance.now();
  const url = process.env['DATABASE_URL'];
  line(
    url ? 'Connecting to the server of DATABASE_URL ...' : 'Starting PostgreSQL in this process (some 4 seconds) ...',
  );
  const database = await openDatabase(url);
  line(`Inserting ${COUNT} leads and indexing their text (${url ? 'where missing' : 'some 2 seconds'}) ...`);
  await seedOrClose(database, LEADS);
  line(`Database   ${database.description}`);
  line(`Leads      ${COUNT}, ready after ${milliseconds(performance.now() - startedAt)}`);
  return database;
}

tour().catch((error: unknown) => {
  console.error(`\n${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
