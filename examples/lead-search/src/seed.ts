import { faker } from '@faker-js/faker/locale/en';
import type { Database } from './database.ts';
import type { Lead } from './lead.ts';
import { createIndexes, createTables } from './schema.ts';
import {
  COUNTRIES,
  COUNTRY_NAMES,
  DEPARTMENTS,
  INDUSTRIES,
  INDUSTRY_NAMES,
  NEXT_STEPS,
  RANKS,
  SIGNALS,
} from './vocabulary.ts';

const BATCH = 2_000;

/** Makes the tables and fills them with `count` leads: the same ones on every run. A lead already there stays as it is. */
export async function seed(database: Database, count: number): Promise<void> {
  await createTables(database);
  const [row] = await database.query<{ present: number }>('select count(*)::int as present from lead_search.leads');
  if ((row?.present ?? 0) < count) {
    const leads = makeLeads(count);
    for (let start = 0; start < count; start += BATCH) await insert(database, leads.slice(start, start + BATCH));
  }
  await createIndexes(database);
}

/** The same for a program's start: where it fails, no open connection keeps the program from ending. */
export async function seedOrClose(database: Database, count: number): Promise<void> {
  try {
    await seed(database, count);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** One statement a batch, one parameter a statement: the server unpacks the JSON far faster than it parses 26,000 parameters. */
async function insert(database: Database, leads: readonly Lead[]): Promise<void> {
  await database.query(
    `insert into lead_search.leads
       (id, name, title, company, industry, country, city, email, employees, revenue, score, notes, updated_at)
     select id, name, title, company, industry, country, city, email, employees, revenue, score, notes, "updatedAt"
     from jsonb_to_recordset($1::jsonb) as lead(
       id integer, name text, title text, company text, industry text, country text, city text, email text,
       employees integer, revenue bigint, score integer, notes text, "updatedAt" timestamptz)
     on conflict (id) do nothing`,
    [JSON.stringify(leads)],
  );
}

/** Plausible people who do not exist. Lead 7 is the same person whether 300 or 20,000 are made. */
export function makeLeads(count: number): Lead[] {
  faker.seed(2026);
  return Array.from({ length: count }, (_, index) => makeLead(index + 1));
}

function makeLead(id: number): Lead {
  const pick = <Item>(items: readonly Item[]): Item => faker.helpers.arrayElement(items);
  const firstName = faker.person.firstName();
  const lastName = faker.person.lastName();
  const company = faker.company.name();
  const industry = pick(INDUSTRY_NAMES);
  const country = pick(COUNTRY_NAMES);
  const employees = Math.round(5 * 10 ** faker.number.float({ min: 0, max: 3.6 }));
  return {
    id,
    name: `${firstName} ${lastName}`,
    title: `${pick(RANKS)} ${pick(DEPARTMENTS)}`,
    company,
    industry,
    country,
    city: pick<string>(COUNTRIES[country]),
    // `.example` is reserved (RFC 2606): no mail can ever reach a stranger.
    email: `${firstName}.${lastName}@${slug(company)}.example`.toLowerCase().replaceAll("'", ''),
    employees,
    revenue: employees * faker.number.int({ min: 60, max: 400 }) * 1_000,
    score: faker.number.int({ min: 0, max: 100 }),
    notes: `${pick(SIGNALS)} ${pick<string>(INDUSTRIES[industry])}. ${pick(NEXT_STEPS)}`,
    updatedAt: new Date(Date.UTC(2026, 0, 1) + faker.number.int({ min: 0, max: 15_000_000 }) * 1_000).toISOString(),
  };
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
