import { expect } from 'vitest';
import type { Length, Outcome } from './race.ts';

/** Fewer races than these, of one kind, prove nothing. */
export interface Measure {
  readonly raced: number;
  readonly readsAfterRace: number;
}
const QUICK: Measure = { raced: 120, readsAfterRace: 600 };
/** Takes a second or two; a machine may be very busy. */
export const PATIENT = { timeout: 60_000 };

export const LONG_ENOUGH: Length = { burst: 25, most: 80, isEnough: (findings) => reaches(findings, QUICK) };

/** What `npm run stress` looks at: some ten seconds a kind. */
export const MANY: Measure = { raced: 2_000, readsAfterRace: 2_000 };
export const MUCH_LONGER: Length = { burst: 100, most: 80, isEnough: (findings) => reaches(findings, MANY) };

function reaches(findings: Measure, { raced, readsAfterRace }: Measure): boolean {
  return findings.raced >= raced && findings.readsAfterRace >= readsAfterRace;
}

/** For a protocol that lacks a guard. */
export const UNTIL_STALE: Length = { burst: 25, most: 80, isEnough: ({ stale }) => stale.length > 0 };

/** P1 held, and it was not for want of races, of stored values, or of a store. */
export function expectFresh(outcome: Outcome, { raced, readsAfterRace }: Measure = QUICK): void {
  const { stale, story } = outcome;
  expect(stale.length, story).toBe(0);
  expect(outcome.raced, story).toBeGreaterThanOrEqual(raced);
  expect(outcome.readsAfterRace, story).toBeGreaterThanOrEqual(readsAfterRace);
  expect(outcome.stored, story).toBeGreaterThan(0);
  expect(outcome.hits, story).toBeGreaterThan(0);
  expect(outcome.unapplied + outcome.storeErrors, story).toBe(0);
}
