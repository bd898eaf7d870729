import type { Fact } from '../src/tour.ts';

export const expectedFacts: readonly Fact[] = [
  ['100 searches at once', 1],
  ['the same search in other letters', 0],
  ['a lead, twice', 1],
  ['no lead, twice', 2],
  ['saving the lead', 1],
  ['the lead and the search again', 2],
  ['a number, twice', 1],
  ['the number, refreshed', 1],
];
