import type { Database } from './database.ts';
import {
  DEFAULT_PREFERENCES,
  type Lead,
  type LeadChanges,
  type LeadSearch,
  type Metric,
  type MetricRow,
  type Preferences,
  type SearchPage,
} from './lead.ts';
import { countQuery } from './origin.ts';
import { searchStatement, updateStatement } from './statements.ts';

const LEAD = `id, name, title, company, industry, country, city, email, employees, revenue::float8 as revenue, score, notes,
  to_char(updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"`;

/** Answers questions about leads from the database. It knows no cache: what it returns is the truth of this moment. */
export class SearchEngine {
  readonly #database: Database;
  #queries = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Statements sent so far. The tour and the tests count with it what the cache saved. */
  get queries(): number {
    return this.#queries;
  }

  get database(): string {
    return this.#database.description;
  }

  async search(search: LeadSearch): Promise<SearchPage> {
    const { sql, parameters } = searchStatement(search);
    const [row] = await this.#query<Pick<SearchPage, 'total' | 'results'>>(sql, parameters);
    return { total: row?.total ?? 0, page: search.page, pageSize: search.pageSize, results: row?.results ?? [] };
  }

  async lead(id: number): Promise<Lead | undefined> {
    const [lead] = await this.#query<Lead>(`select ${LEAD} from lead_search.leads where id = $1`, [id]);
    return lead;
  }

  /** The lead as it is afterwards, or `undefined` if there is none with this id. */
  async updateLead(id: number, changes: LeadChanges): Promise<Lead | undefined> {
    const { sql, parameters } = updateStatement(id, changes, LEAD);
    const [lead] = await this.#query<Lead>(sql, parameters);
    return lead;
  }

  /** Companies and people whose name begins like this, ten at most, in alphabetical order. */
  async suggestions(prefix: string): Promise<string[]> {
    const pattern = `${prefix.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    const rows = await this.#query<{ text: string }>(
      `select company as text from lead_search.leads where lower(company) like $1
       union
       select name from lead_search.leads where lower(name) like $1
       order by text limit 10`,
      [pattern],
    );
    return rows.map((row) => row.text);
  }

  async metric(metric: Metric): Promise<MetricRow[]> {
    // `metric` is one of two known column names, never a caller's text.
    return await this.#query<MetricRow>(
      `select ${metric} as "group", count(*)::int as leads,
         round(avg(score), 1)::float8 as "averageScore", round(avg(employees))::int as "averageEmployees"
       from lead_search.leads group by ${metric} order by leads desc, ${metric}`,
    );
  }

  async preferences(email: string): Promise<Preferences> {
    const [row] = await this.#query<{ preferences: Preferences }>(
      'select preferences from lead_search.preferences where email = $1',
      [email],
    );
    return row?.preferences ?? DEFAULT_PREFERENCES;
  }

  async savePreferences(email: string, preferences: Preferences): Promise<void> {
    await this.#query(
      `insert into lead_search.preferences (email, preferences) values ($1, $2::jsonb)
       on conflict (email) do update set preferences = excluded.preferences`,
      [email, JSON.stringify(preferences)],
    );
  }

  /** Throws if the database does not answer. */
  async ping(): Promise<void> {
    await this.#query('select 1');
  }

  async #query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
    this.#queries += 1;
    const rows = await this.#database.query<Row>(sql, parameters);
    countQuery();
    return rows;
  }
}
