/** Keys that the warning names. */
const MAX_NAMED = 3;

/** The flights of one cache and its children. */
interface OpenFlights {
  /** As log lines may show them. */
  keys(): readonly string[];
}

/** Those of this process with loads or claims that are open. Of the process, since its end is what they are looked at for. */
const OPEN = new Set<OpenFlights>();
let isWatching = false;

/** From here on there is a load or a claim. */
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
 * Nothing keeps the process alive any more, and still a loader has not ended or a claim was not filled: whoever awaits them never goes on,
 * and the process would end with exit code 0 and no word.
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
