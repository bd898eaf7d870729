import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OUTAGES } from './outages.ts';
import { suffer } from './suffer.ts';

const BUDGET_MS = 50;
/** A timer may be late by so much without a stall that is recorded; a request may meet two of them. */
const TIMER_MS = 10;
const FLAT_BYTES = 10 * 1024 * 1024;

/** P4 and P5 under 300 requests a second, with a source that takes 5 ms. */
describe('an outage', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  beforeEach(() => void process.on('unhandledRejection', note));
  afterEach(() => void process.off('unhandledRejection', note));

  it.each(OUTAGES)('$name', async (outage) => {
    const suffered = await suffer(outage);
    const { storeMs, recoveredMs, requests, heapGrowthBytes, ...rest } = suffered;
    expect(rest).toMatchObject({ errors: [], hung: 0, stale: 0, staleAfter: 0, staleElsewhere: 0, callsWhileOpen: 0 });
    expect(unhandled).toEqual([]);
    expect(requests).toBeGreaterThan(500);
    expect(storeMs.max).toBeLessThanOrEqual(BUDGET_MS + TIMER_MS);
    expect(recoveredMs).toBeLessThanOrEqual(outage.recoveryMs ?? 1_000);
    expect(heapGrowthBytes).toBeLessThan(FLAT_BYTES);
  });
});
