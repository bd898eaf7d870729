import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

/** The little of a database that this program needs. Both servers below speak the same SQL. */
export interface Database {
  /** For people: which server, which version. Never the address, which may hold a password. */
  readonly description: string;
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** A real server where `url` is given, else a PostgreSQL inside this process that forgets everything at the end. */
export async function openDatabase(url: string | undefined): Promise<Database> {
  return url === undefined || url === '' ? openEmbedded() : openServer(url);
}

async function openEmbedded(): Promise<Database> {
  const pglite = await PGlite.create();
  return withDescription('embedded in this process, in memory', {
    query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
      (await pglite.query<Row>(sql, [...parameters])).rows,
    close: () => pglite.close(),
  });
}

async function openServer(url: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 5_000 });
  // An idle connection that breaks is replaced by the pool; without a listener the event would end the process.
  pool.on('error', (error) => console.error(`A database connection was lost: ${error.message}`));
  try {
    return await withDescription('server of DATABASE_URL', {
      query: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
        (await pool.query<Row & pg.QueryResultRow>(sql, [...parameters])).rows,
      close: () => pool.end(),
    });
  } catch (error) {
    await pool.end();
    throw new Error('Cannot reach the server of DATABASE_URL. Is it running, and is the address right?', {
      cause: error,
    });
  }
}

async function withDescription(where: string, database: Omit<Database, 'description'>): Promise<Database> {
  const [row] = await database.query<{ version: string }>(`select current_setting('server_version') as version`);
  return { description: `PostgreSQL ${row?.version.split(' ')[0] ?? '(unknown version)'} (${where})`, ...database };
}
