/** What one command may bring: a megabyte holds up the answers behind it for some milliseconds. */
export const PORTION_BYTES = 1024 * 1024;
/** Of values of this size each is counted; smaller ones travel together and first. */
export const SMALL_BYTES = 64 * 1024;

/**
 * Splits what is to be read into what is asked for now and what is left, by the bytes that are expected: small values first, so that
 * they do not wait for large ones.
 */
export function nextPortion<T>(
  wanted: readonly T[],
  bytesOf: (one: T) => number,
): { now: readonly T[]; later: readonly T[]; bytes: number } {
  const sized = wanted.map((one) => ({ one, bytes: bytesOf(one) }));
  const total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= PORTION_BYTES && sized.every(({ bytes }) => bytes < SMALL_BYTES)) {
    return { now: wanted, later: [], bytes: total };
  }
  sized.sort((one, other) => one.bytes - other.bytes);
  let count = 0;
  let bytes = 0;
  for (const each of sized) {
    const isLargeAfterSmall = count > 0 && each.bytes >= SMALL_BYTES && (sized[0]?.bytes ?? 0) < SMALL_BYTES;
    if (count > 0 && (isLargeAfterSmall || bytes + each.bytes > PORTION_BYTES)) break;
    bytes += each.bytes;
    count++;
  }
  const ones = sized.map(({ one }) => one);
  return { now: ones.slice(0, count), later: ones.slice(count), bytes };
}
