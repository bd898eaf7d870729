import { ask, element, milliseconds } from './api.js';

/** The most frequent searches; a click asks for one. */
export async function showPopular(list, onChosen) {
  const { body } = await ask('/popular?limit=5');
  if (body.length === 0) return;
  list.replaceChildren(
    ...body.map(({ query, count }) => {
      const item = element('li');
      const button = element('button', query, 'link');
      button.type = 'button';
      button.addEventListener('click', () => onChosen({ q: query }));
      item.append(button, element('span', `${count}×`, 'meta'));
      return item;
    }),
  );
}

function sentence({ status, checks = {} }) {
  if (status === 'pass') return 'The cache is well.';
  const answers = Object.entries(checks).some(
    ([name, [check]]) => name.endsWith(':responseTime') && check.status === 'pass',
  );
  return answers ? 'The cache answers, with remarks:' : 'The cache does not answer; the database does its work.';
}

/** What `/health/cache` reports. */
export async function showHealth(status, notes, list) {
  const { body, tookMs } = await ask('/health/cache');
  status.textContent = sentence(body);
  status.className = `health ${body.status}`;
  const rows = Object.entries(body.checks ?? {}).map(([name, [check]]) => [words(name), value(check)]);
  list.replaceChildren();
  for (const [name, text] of [...rows, ['asked in', milliseconds(tookMs)]]) {
    list.append(element('dt', name), element('dd', text));
  }
  notes.replaceChildren(...(body.notes ?? []).map((note) => element('li', note)));
}

/** `redis:responseTime` → "redis response time". */
function words(name) {
  return name.replace(':', ' ').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function value({ observedValue, observedUnit }) {
  if (typeof observedValue !== 'number') return String(observedValue);
  if (observedUnit === 'ms') return milliseconds(observedValue);
  if (observedUnit === 'bytes') return `${Math.round(observedValue / 1024).toLocaleString('en')} kB`;
  if (observedUnit === 'ratio') return `${Math.round(observedValue * 100)} %`;
  const number = observedValue.toLocaleString('en', { maximumFractionDigits: 1 });
  return observedUnit === 'count' ? number : `${number} ${observedUnit}`;
}
