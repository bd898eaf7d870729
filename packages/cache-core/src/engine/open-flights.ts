/** Keys that the warning names. */
const MAX_NAMED = 3;

/** The flights of one cache and its children. */
interface OpenFlights {
  /** As log lines may show them. */
  keys(): readonly string[];
}

/** All in this process with open loads or claims: they are looked at when the process ends. */
const OPEN = new Set<OpenFlights>();
let isWatching = false;

/** The first load or claim of these flights has begun. */
export function flightsBegan(flights: OpenFlights): void {
  OPEN.add(flights);
  if (isWatching) return;
  isWatching = true;
  process.on('beforeExit', warnOfOpenFlights);
}

export function flightsEnded(flights: OpenFlights): void {
  OPEN.delete(flights);
}

/**
 * Nothing keeps the process alive any more, but a loader has not ended or a claim was not filled. Their callers never
 * go on, and without this warning the process would end silently with exit code 0.
 */
function warnOfOpenFlights(): void {
  const keys = [...OPEN].flatMap((flights) => flights.keys());
  if (keys.length === 0) return;
  OPEN.clear(); // said once
  const more = keys.length > MAX_NAMED ? ` and ${keys.length - MAX_NAMED} more` : '';
  process.emitWarning(
    `The process ends while values of a cache are still to be loaded: ${keys.slice(0, MAX_NAMED).join(', ')}${more}. Their loaders have not settled, or their claims were neither filled nor released.`,
    { type: 'CacheWarning', code: 'HUNTLY_UNFINISHED' },
  );
}
