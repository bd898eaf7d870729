import { expect } from 'vitest';
import type { Length, Outcome } from './race.ts';

/** Fewer races than these prove nothing. */
const RACED = 200;
const READS_AFTER_RACE = 2_000;

export const LONG_ENOUGH: Length = {
  burst: 50,
  most: 40,
  isEnough: ({ raced, readsAfterRace }) => raced >= RACED && readsAfterRace >= READS_AFTER_RACE,
};

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
