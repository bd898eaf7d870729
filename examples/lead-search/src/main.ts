import { createCacheManager } from '@huntly/cache-redis';
import { openDatabase } from './database.ts';
import { curlLine, ROUTES } from './routes/list.ts';
import { SearchEngine } from './search-engine.ts';
import { seedOrClose } from './seed.ts';
import { shutDown, startServer } from './server.ts';
import { NAMESPACE, portFrom } from './settings.ts';

const LEADS = 20_000;

/** `pnpm start`: serves until it is stopped. */
async function main(): Promise<void> {
  const port = portFrom(process.env['PORT']);
  console.log(`Creating the database with ${LEADS.toLocaleString('en')} leads (some 6 seconds when embedded) ...`);
  const database = await openDatabase(process.env['DATABASE_URL']);
  await seedOrClose(database, LEADS);
  const manager = createCacheManager({ namespace: NAMESPACE }); // on Redis if REDIS_URL is set, else in this process
  const engine = new SearchEngine(database);
  const server = await startServer({ manager, engine }, port);

  console.log(
    // The pid, since the npm that started this may not pass a signal on.
    `${database.description}\nLead search is listening on ${server.url}. Open it in a browser; stop it with Ctrl+C or "kill ${process.pid}".\n`,
  );
  for (const route of ROUTES) console.log(`# ${route.what}\n${curlLine(route, server.url)}`);

  const stop = (signal: NodeJS.Signals) => {
    console.log(`\n${signal}: answering the last requests, then closing.`);
    shutDown(server, manager, database).catch(fail);
  };
  // Once: a second signal finds no listener and ends the process at once.
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

main().catch(fail);
