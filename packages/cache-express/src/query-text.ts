/**
 * What stands behind the path of a URL, as it came: `search` with its `?`, and `hash` with its `#`, which no browser
 * sends and at which the query ends for Express. Each is empty where there is none.
 */
export interface UrlTail {
  readonly search: string;
  readonly hash: string;
}

export function tailOf(url: string): UrlTail {
  const hashAt = url.indexOf('#');
  const beforeHash = hashAt < 0 ? url : url.slice(0, hashAt);
  const searchAt = beforeHash.indexOf('?');
  return { search: searchAt < 0 ? '' : beforeHash.slice(searchAt), hash: hashAt < 0 ? '' : url.slice(hashAt) };
}

/** What stands before that. */
export function pathOf(url: string): string {
  const at = url.search(/[?#]/);
  return at < 0 ? url : url.slice(0, at);
}

/** The parameters of these names, in the order that they came. */
export function chosenSearch(search: string, names: ReadonlySet<string>): string {
  const chosen = search
    .slice(1)
    .split('&')
    .filter((text) => isNamed(nameOf(text), names));
  return chosen.length === 0 ? '' : `?${chosen.join('&')}`;
}

/**
 * The parameters in the order of their names. The bytes of each stay as they are, and those of one name keep their
 * order, which means something to most handlers. `a[x]`, `a.x` and `a` count as one name: a parser may make one value
 * of them.
 */
export function sortedSearch(search: string): string {
  if (!search.includes('&')) return search;
  const parameters = search
    .slice(1)
    .split('&')
    .map((text) => ({ text, root: rootOf(nameOf(text)) }));
  parameters.sort((a, b) => Number(a.root > b.root) - Number(a.root < b.root)); // stable, by code unit, never by locale
  return `?${parameters.map(({ text }) => text).join('&')}`;
}

/** What stands behind a `[` or a `.` in a name is a part of the parameter before it. */
export function isNamed(name: string, names: ReadonlySet<string>): boolean {
  return names.has(name) || names.has(name.split('[', 1)[0] ?? '') || names.has(rootOf(name));
}

function nameOf(parameter: string): string {
  const name = parameter.split('=', 1)[0] ?? '';
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name; // in another charset, which only its parser knows
  }
}

function rootOf(name: string): string {
  return name.split(/[.[]/, 1)[0] ?? '';
}
