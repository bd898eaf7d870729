import { expect } from 'vitest';
import type { Length, Outcome } from './race.ts';

/** Fewer races than these, of one kind, prove nothing. */
const RACED = 120;
const READS_AFTER_RACE = 600;
/** Takes a second or two; a machine may be very busy. */
export const PATIENT = { timeout: 60_000 };

export const LONG_ENOUGH: Length = {
  burst: 25,
  most: 80,
  isEnough: ({ raced, readsAfterRace }) => raced >= RACED && readsAfterRace >= READS_AFTER_RACE,
};

/** For a protocol that lacks a guard. */
export const UNTIL_STALE: Length = { burst: 25, most: 80, isEnough: ({ stale }) => stale.length > 0 };

/** P1 held, and it was not for want of races, of stored values, or of a store. */
export function expectFresh(outcome: Outcome): void {
  const { stale, story } = outcome;
  expect(stale.length, story).toBe(0);
  expect(outcome.raced, story).toBeGreaterThanOrEqual(RACED);
  expect(outcome.readsAfterRace, story).toBeGreaterThanOrEqual(READS_AFTER_RACE);
  expect(outcome.stored, story).toBeGreaterThan(0);
  expect(outcome.hits, story).toBeGreaterThan(0);
  expect(outcome.unapplied + outcome.storeErrors, story).toBe(0);
}
