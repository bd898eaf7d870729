import { kindOf } from '../errors.ts';
import { checkDuration } from './duration.ts';

const MAX_SHORT_MS = 60 * 60 * 1000;

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

  flag(name: string, value: unknown, fallback: boolean): boolean {
    this.that(name, value === undefined || typeof value === 'boolean', 'true or false', value);
    return value === undefined ? fallback : value === true;
  }

  duration(name: string, value: unknown, fallback?: number): number {
    if (value === undefined && fallback !== undefined) return fallback;
    const check = checkDuration(value);
    if ('ms' in check) return check.ms;
    this.#problems.push(`${this.#field}.${name} ${check.problem}`);
    return 0;
  }

  /** Timers hold no more than 24 days; nobody should wait for one. */
  shortDuration(name: string, value: unknown, fallback: number): number {
    const ms = this.duration(name, value, fallback);
    this.that(name, ms <= MAX_SHORT_MS, 'at most "1h"', value);
    return ms;
  }

  number(name: string, value: unknown, fallback: number, least: number, most: number): number {
    if (value === undefined) return fallback;
    const isInRange = typeof value === 'number' && value >= least && value <= most;
    this.that(name, isInRange, `a number from ${least} to ${most}`, value);
    return isInRange ? value : fallback;
  }
}
