/**
 * What an error says after its list of valid names: those that were probably meant, or nothing. For packages that check options.
 * @example didYouMean(['tll'], ['ttl', 'grace']) // '. Did you mean ttl?'
 */
export function didYouMean(unknown: readonly string[], known: readonly string[]): string {
  if (known.length === 1) return ''; // the list says it
  const meant = unknown.flatMap((name) => closestName(name, known) ?? []);
  return meant.length === 0 ? '' : `. Did you mean ${meant.join(', ')}?`;
}

/** The known name that a typing mistake may have become `name`. `undefined` where none is close. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  // One mistake in a short name, and one more for each 2 or 3 letters: `maxEntry` is close to `maxEntries`.
  let least = name.length < 4 ? 1 : Math.ceil(name.length * 0.4);
  let closest: string | undefined;
  for (const candidate of known) {
    const distance = mistakesBetween(name.toLowerCase(), candidate.toLowerCase());
    if (distance > least || (distance === least && closest !== undefined)) continue;
    least = distance;
    closest = candidate;
  }
  return closest;
}

/** Letters that were added, left out, replaced, or exchanged with their neighbour (optimal string alignment distance). */
function mistakesBetween(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(last, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      const isExchange = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const exchanged = isExchange ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced, exchanged));
    }
    beforeLast = last;
    last = current;
  }
  return at(last, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
