import type { ResolvedType } from './cache-types.ts';

/** Settings that are allowed and most likely a mistake, one sentence each. */
export function typeWarnings({ graceMs, softTimeoutMs, leaseMs, waitMs }: ResolvedType): string[] {
  const warnings: string[] = [];
  if (softTimeoutMs > 0 && graceMs === 0) {
    warnings.push('softTimeout does nothing without grace: there is no stale value to answer with; set grace');
  }
  if (waitMs > 0 && leaseMs > waitMs) {
    warnings.push(
      `lease (${leaseMs} ms) is longer than wait (${waitMs} ms): after the holder of a lease dies, every reader ` +
        'that waited loads for itself; make lease shorter than wait',
    );
  }
  return warnings;
}
