import type { LeadChanges, LeadSearch } from './lead.ts';

export interface Statement {
  sql: string;
  parameters: unknown[];
}

/** One statement for the page and the total, so that both describe the same moment and a search costs one round trip. */
export function searchStatement(search: LeadSearch): Statement {
  const parameters: unknown[] = [];
  const bind = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions = [`score >= ${bind(search.minScore)}`];
  let relevance = '0::float8';
  if (search.q !== '') {
    const query = `websearch_to_tsquery('english', ${bind(search.q)})`;
    conditions.push(`document @@ ${query}`);
    relevance = `round(ts_rank(document, ${query})::numeric, 4)::float8`;
  }
  if (search.industry !== null) conditions.push(`industry = ${bind(search.industry)}`);
  if (search.country !== null) conditions.push(`country = ${bind(search.country)}`);
  // The id decides last: without it two leads of equal rank could both be on page 1 and on page 2, or on neither.
  const order = 'relevance desc, score desc, id';
  const sql = `
    with matching as materialized (
      select id, score, ${relevance} as relevance from lead_search.leads where ${conditions.join(' and ')}
    ),
    page as (
      select * from matching order by ${order}
      limit ${bind(search.pageSize)} offset ${bind((search.page - 1) * search.pageSize)}
    ),
    answer as (
      select id, name, title, company, industry, country, city, email, employees, revenue, leads.score, notes, relevance
      from page join lead_search.leads using (id)
    )
    select (select count(*)::int from matching) as total,
      (select coalesce(json_agg(answer order by ${order}), '[]') from answer) as results`;
  return { sql, parameters };
}

const COLUMNS = [
  'name',
  'title',
  'company',
  'industry',
  'country',
  'city',
  'email',
  'employees',
  'revenue',
  'score',
  'notes',
] as const satisfies readonly (keyof LeadChanges)[];

/** Column names come from the list above, never from the request; values travel as parameters. */
export function updateStatement(id: number, changes: LeadChanges, returning: string): Statement {
  const parameters: unknown[] = [id];
  const assignments = COLUMNS.filter((column) => changes[column] !== undefined).map(
    (column) => `${column} = $${parameters.push(changes[column])}`,
  );
  const sql = `update lead_search.leads set ${[...assignments, 'updated_at = now()'].join(', ')}
    where id = $1 returning ${returning}`;
  return { sql, parameters };
}
