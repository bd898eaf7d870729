/** What one command may bring: a megabyte holds up the answers behind it for some milliseconds. */
export const PORTION_BYTES = 1024 * 1024;
/** Values from this size on count as large. */
export const SMALL_BYTES = 64 * 1024;

export interface Portion<T> {
  readonly now: readonly T[];
  /** Expected, for those of known size. */
  readonly bytes: number;
  readonly later: readonly T[];
  /** Whether what comes later depends on how large this turns out to be. */
  readonly isProbe: boolean;
}

/**
 * Splits what is to be read into a portion for now and the rest: small values first, with some of unknown size; then
 * large ones, as many as fit in a portion. So small values do not wait for large ones, and no command is so large that
 * it misses its deadline.
 *
 * @param probes how many values of unknown size are asked for at a time: they show how large the others are
 */
export function nextPortion<T>(
  wanted: readonly T[],
  bytesOf: (one: T) => number | undefined,
  probes: number,
): Portion<T> {
  const small: T[] = [];
  const unknown: T[] = [];
  const large: { one: T; bytes: number }[] = [];
  let bytes = 0;
  for (const one of wanted) {
    const expected = bytesOf(one);
    if (expected === undefined) unknown.push(one);
    else if (expected >= SMALL_BYTES || bytes + expected > PORTION_BYTES) large.push({ one, bytes: expected });
    else {
      small.push(one);
      bytes += expected;
    }
  }
  const laterOnes = large.map(({ one }) => one);
  if (small.length + unknown.length > 0) {
    const later = [...laterOnes, ...unknown.slice(probes)];
    return { now: [...small, ...unknown.slice(0, probes)], bytes, later, isProbe: unknown.length > probes };
  }
  let count = 0;
  for (const each of large) {
    if (count > 0 && bytes + each.bytes > PORTION_BYTES) break;
    bytes += each.bytes;
    count++;
  }
  return { now: laterOnes.slice(0, count), bytes, later: laterOnes.slice(count), isProbe: false };
}
