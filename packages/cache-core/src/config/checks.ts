import { isAsyncFunction } from '../at-once.ts';
import { kindOf } from '../errors.ts';
import { checkDuration, type Duration, MAX_WAIT } from './duration.ts';

/** Collects what is wrong with one type under the names of its fields. */
export class Checks {
  readonly #field: string;
  readonly #problems: string[];

  constructor(field: string, problems: string[]) {
    this.#field = field;
    this.#problems = problems;
  }

  add(name: string, problem: string): void {
    this.#problems.push(`${this.#field}.${name} ${problem}`);
  }

  that(name: string, holds: boolean, wanted: string, value: unknown): void {
    if (!holds) this.#problems.push(`${this.#field}.${name} must be ${wanted}; got ${kindOf(value)}`);
  }

  /** A function of this is called where its answer is needed at once. */
  atOnce(name: string, value: unknown): void {
    if (isAsyncFunction(value)) this.add(name, 'must be a function that is not async: its answer is needed at once');
  }

  flag(name: string, value: unknown, fallback: boolean): boolean {
    this.that(name, value === undefined || typeof value === 'boolean', 'true or false', value);
    return value === undefined ? fallback : value === true;
  }

  duration(name: string, value: unknown, fallback?: number, atMost?: Duration): number {
    if (value === undefined && fallback !== undefined) return fallback;
    const check = checkDuration(value, atMost);
    if ('ms' in check) return check.ms;
    this.#problems.push(`${this.#field}.${name} ${check.problem}`);
    return 0;
  }

  /** `0` for none. */
  durationOrNone(name: string, value: unknown): number {
    return value === 0 ? 0 : this.duration(name, value);
  }

  /** For what a timer waits for. */
  shortDuration(name: string, value: unknown, fallback: number): number {
    return this.duration(name, value, fallback, MAX_WAIT);
  }

  number(name: string, value: unknown, fallback: number, least: number, most: number): number {
    if (value === undefined) return fallback;
    const isInRange = typeof value === 'number' && value >= least && value <= most;
    this.that(name, isInRange, `a number from ${least} to ${most}`, value);
    return isInRange ? value : fallback;
  }
}
