import { createCacheManager } from '@huntly/cache-core';
import { type Database, openDatabase } from '../src/database.ts';
import type { ReportFailure } from '../src/failures.ts';
import { SearchEngine } from '../src/search-engine.ts';
import { seed } from '../src/seed.ts';
import { shutDown, startServer } from '../src/server.ts';
import { Client } from '../src/tour/client.ts';
import { holdable } from '../src/tour/holdable.ts';

export const LEADS = 300;

/** The whole program over a small set of leads, on a free port. */
export async function startProgram() {
  const database = await openDatabase(undefined);
  await seed(database, LEADS);
  return start(database);
}

/** The same over any database, even one that only fails. */
export async function start(
  given: Database,
  { env = {}, report }: { env?: NodeJS.ProcessEnv; report?: ReportFailure } = {},
) {
  const database = holdable(given);
  const manager = createCacheManager({ env, logger: false });
  const engine = new SearchEngine(database);
  const server = await startServer({ manager, engine, ...(report && { report }) }, 0);
  const client = new Client(server.url);
  return {
    database,
    manager,
    engine,
    client,
    close: () => shutDown(server, manager, database),
  };
}

export type Program = Awaited<ReturnType<typeof start>>;
