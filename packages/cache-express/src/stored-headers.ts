import { addedHeaders, type HeaderMap, type HeaderPairs } from './headers.ts';
import { formatHttpDate } from './http-date.ts';

interface CompleteHead {
  /** The headers when the handler began. */
  readonly before: HeaderMap;
  readonly complete: HeaderMap;
  /** Each in the letters in which it was set. */
  readonly names: ReadonlyMap<string, string>;
  readonly generatedAtMs: number;
  /** Does Node add a `Date`? */
  readonly hasDate: boolean;
}

/** What a hit does to the headers that it finds: what the handler did to those that it found. */
export function storedHeaders({ before, complete, names, generatedAtMs, hasDate }: CompleteHead): HeaderPairs {
  const added = addedHeaders(before, complete).map(([name, value]) => [names.get(name) ?? name, value] as const);
  return [...removedHeaders(before, complete), ...added, ...dateOf(complete, generatedAtMs, hasDate)];
}

/** What the handler took away, as fields without a value. */
function removedHeaders(before: HeaderMap, now: HeaderMap): HeaderPairs {
  return [...before.keys()].filter((name) => !now.has(name)).map((name) => [name, []] as const);
}

/** Node adds the date only as it writes the head, unless it is told not to. RFC 9110 §6.6.1 */
function dateOf(complete: HeaderMap, generatedAtMs: number, hasDate: boolean): HeaderPairs {
  if (!hasDate) return [['Date', []]];
  return complete.has('date') ? [] : [['Date', formatHttpDate(generatedAtMs)]];
}
