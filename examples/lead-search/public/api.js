/**
 * Asks the server and says, besides the body, where the answer came from.
 * `cache: 'no-store'`: the browser keeps no copy of its own, so that what is shown is what the server did.
 */
export async function ask(path, options = {}) {
  const startedAt = performance.now();
  const response = await fetch(path, { cache: 'no-store', ...options });
  const text = await response.text();
  const tookMs = performance.now() - startedAt;
  const body = JSON.parse(text);
  if (!response.ok) throw new Error(body.error?.message ?? body.status ?? `The server answered ${response.status}.`);
  const serverMs = Number(/dur=([\d.]+)/.exec(response.headers.get('server-timing') ?? '')?.[1] ?? Number.NaN);
  return { body, text, tookMs, serverMs, origin: originOf(response.headers) };
}

export function change(path, changes) {
  return ask(path, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(changes),
  });
}

const WORDS = {
  hit: 'from the cache',
  shared: 'shared with another request',
  stale: 'from the cache, stale',
  miss: 'from the database',
};

/** `Cache-Status` tells of the response cache; `X-Answer-From` tells whether the database was asked in the end. */
function originOf(headers) {
  const status = headers.get('cache-status') ?? '';
  if (/;\s*hit\b/.test(status)) return /ttl=-/.test(status) ? 'stale' : 'hit';
  if (/;\s*collapsed\b/.test(status)) return 'shared';
  return headers.get('x-answer-from') === 'cache' ? 'hit' : 'miss';
}

/** A badge and two durations, as elements. */
export function describeAnswer({ origin, serverMs, tookMs }) {
  const badge = element('span', WORDS[origin], `badge ${origin}`);
  const times = element('span', `${milliseconds(serverMs)} in the server, ${milliseconds(tookMs)} in all`, 'meta');
  return [badge, times];
}

export function milliseconds(ms) {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export function element(name, text = '', className = '') {
  const made = document.createElement(name);
  made.textContent = text; // never as HTML: leads hold what people typed
  if (className) made.className = className;
  return made;
}
