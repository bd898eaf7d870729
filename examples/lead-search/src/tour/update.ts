import type { Lead, SearchPage } from '../lead.ts';
import type { Stage } from './chapters.ts';
import { heading, line } from './screen.ts';

const LEAD = 7;
const PATCH = `PATCH /leads/${LEAD}`;
const OTHER_SEARCH = 'GET /search?q=zero+trust&country=Japan';
/** In no lead's notes. */
const NEW_WORD = 'axolotl';

/** The lead is put back afterwards: on a real server the next tour finds what this one found. */
export async function update(stage: Stage): Promise<void> {
  heading('3  A lead changes');
  const { body: before } = await stage.client.json<Lead>(`GET /leads/${LEAD}`);
  const { employees, notes } = before;
  try {
    await changeShownField(stage, before);
    await changeWhileLoading(stage, before);
    await enterSearch(stage);
  } finally {
    await stage.client.json(PATCH, { employees, notes });
  }
}

async function changeShownField(stage: Stage, lead: Lead): Promise<void> {
  const { client, facts } = stage;
  await client.json(OTHER_SEARCH);
  await searchFor(stage, lead);
  const old = await searchFor(stage, lead);
  facts.check('the old result was cached just before', old.source === 'cache' && old.employees === lead.employees);
  const employees = lead.employees + 100;
  await client.json(PATCH, { employees });
  tell(PATCH, '', `{ "employees": ${employees} }`);
  const fresh = await searchFor(stage, lead);
  facts.show('the next search shows the change', fresh.source === 'database' && fresh.employees === employees);
  const other = await client.json(OTHER_SEARCH);
  facts.show('a search that does not contain this lead stayed in the cache', other.source === 'cache');
}

/** The race that leaves an old value in many a cache: read, changed, invalidated, and only then stored. */
async function changeWhileLoading(stage: Stage, lead: Lead): Promise<void> {
  const { client, facts, database, manager } = stage;
  line();
  line('The same, but the change comes while a search has read the old row and not answered yet:');
  await manager.invalidateSearchCache();
  const held = database.holdNext();
  const slow = searchFor(stage, lead);
  await held.answered;
  const employees = lead.employees + 200;
  await client.json(PATCH, { employees });
  tell(PATCH, '', `{ "employees": ${employees} }`);
  held.release();
  const late = await slow;
  facts.check('the slow search answers what it had read', late.employees === lead.employees + 100);
  const fresh = await searchFor(stage, lead);
  facts.show('the late result was not kept', fresh.source === 'database' && fresh.employees === employees);
}

async function enterSearch({ client, facts }: Stage): Promise<void> {
  line();
  const ask = async () => {
    const { body, source = '' } = await client.json<SearchPage>(`GET /search?q=${NEW_WORD}`);
    tell(`search "${NEW_WORD}"`, source, `found: ${body.total}`);
    return { source, total: body.total };
  };
  await ask();
  const old = await ask();
  facts.check('the empty result was cached just before', old.source === 'cache' && old.total === 0);
  await client.json(PATCH, { notes: `Keeps an ${NEW_WORD} in the office.` });
  tell(PATCH, '', `{ "notes": "Keeps an ${NEW_WORD} in the office." }`);
  const fresh = await ask();
  facts.show('a search that the lead enters shows it at once', fresh.source === 'database' && fresh.total === 1);
}

async function searchFor({ client }: Stage, { name }: Lead) {
  const { body, source = '' } = await client.json<SearchPage>(`GET /search?q=${encodeURIComponent(`"${name}"`)}`);
  const employees = body.results.find(({ id }) => id === LEAD)?.employees;
  tell(`search "${name}"`, source, `employees: ${employees}`);
  return { source, employees };
}

function tell(what: string, source: string, shown: string): void {
  line(what.padEnd(28) + (source && `from the ${source}`).padEnd(20) + shown);
}
