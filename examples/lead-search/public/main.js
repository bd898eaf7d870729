import { ask, describeAnswer, element } from './api.js';
import { suggestIn } from './combobox.js';
import { createEditor } from './editor.js';
import { showHealth, showPopular } from './side.js';
import { createWatched } from './watched.js';

const $ = (id) => document.getElementById(id);
const form = $('search');
const PAGE_SIZE = 10;

let current; // the search that is shown: { query, path }
let turn = 0;

const suggestions = suggestIn($('q'), $('suggestions'), () => void search(asked()));
const watched = createWatched($('watched'), $('news'), choose);
const editor = createEditor($('editor'), async (lead) => {
  const answer = await watched.follow(current.path);
  if (answer) show(answer, lead.id);
  // The button that opened the dialog was drawn anew, so the focus has to be brought back.
  ($('list').querySelector('.changed button') ?? $('results-heading')).focus();
  void showAround();
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  suggestions.close();
  void search(asked());
});
$('previous').addEventListener('click', () => void turnTo(current.query.page - 1));
$('next').addEventListener('click', () => void turnTo(current.query.page + 1));

void fill($('industry'), '/analytics/industry');
void fill($('country'), '/analytics/country');
void showAround();

function asked() {
  return { ...Object.fromEntries(new FormData(form)), page: 1 };
}

/** A search of one of the lists: the form shows it, too. */
function choose({ q = '', industry = '', country = '', minScore = 0, page = 1 }) {
  for (const [name, value] of Object.entries({ q, industry, country, minScore })) form.elements[name].value = value;
  void search({ q, industry, country, minScore, page });
}

async function turnTo(page) {
  await search({ ...current.query, page });
  $('results-heading').focus();
}

async function search(query) {
  const mine = ++turn;
  const given = Object.entries({ ...query, pageSize: PAGE_SIZE }).filter(([, value]) => value !== '');
  const path = `/search?${new URLSearchParams(given)}`;
  $('results').setAttribute('aria-busy', 'true');
  try {
    const answer = await ask(path);
    if (mine !== turn) return; // a later search is under way
    current = { query, path };
    show(answer);
    watched.add(query, path, labelOf(query), answer);
    void showAround();
  } catch (failure) {
    if (mine === turn) $('status').textContent = failure.message;
  } finally {
    if (mine === turn) $('results').removeAttribute('aria-busy');
  }
}

function show(answer, changedId) {
  const { total, page, results } = answer.body;
  const last = Math.max(1, Math.ceil(total / PAGE_SIZE));
  $('answer').replaceChildren(...describeAnswer(answer));
  $('status').textContent = `${total.toLocaleString('en')} ${total === 1 ? 'lead' : 'leads'} found.`;
  $('list').replaceChildren(...results.map((lead) => row(lead, lead.id === changedId)));
  $('pages').hidden = last === 1;
  $('page').textContent = `Page ${page} of ${last.toLocaleString('en')}`;
  $('previous').disabled = page <= 1;
  $('next').disabled = page >= last;
}

function row(lead, isChanged) {
  const item = element('li', '', isChanged ? 'changed' : '');
  const edit = element('button', 'Edit');
  edit.type = 'button';
  edit.setAttribute('aria-label', `Edit ${lead.name}`);
  edit.addEventListener('click', () => editor.open(lead));
  const figures = `${lead.industry} · ${lead.city}, ${lead.country} · ${lead.employees.toLocaleString('en')} employees · score ${lead.score}`;
  item.append(
    element('h3', lead.name),
    element('p', `${lead.title}, ${lead.company}`),
    element('p', figures, 'figures meta'),
    element('p', lead.notes, 'meta'),
    edit,
  );
  return item;
}

function labelOf({ q, industry, country, minScore, page }) {
  const parts = [q || 'all leads', industry, country, Number(minScore) > 0 && `score from ${minScore}`];
  return [...parts, page > 1 && `page ${page}`].filter(Boolean).join(' · ');
}

/** The lists beside the search. A failure there must not stand in the way of it. */
function showAround() {
  return Promise.allSettled([
    showPopular($('popular'), choose),
    showHealth($('health-status'), $('notes'), $('health')).catch(() => {
      $('health-status').textContent = 'The server does not answer.';
      $('health-status').className = 'health fail';
    }),
  ]);
}

async function fill(select, path) {
  try {
    const { body } = await ask(path);
    const groups = body.map(({ group }) => group).sort();
    select.append(...groups.map((group) => new Option(group, group)));
  } catch (failure) {
    $('status').textContent = `The filters could not be loaded: ${failure.message}`;
  }
}
