import ms from 'ms';
import { CacheConfigError, kindOf } from '../errors.ts';

/** A number is seconds, as in the environment; a string names its unit. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`;

const WITH_UNIT = /^\d+(?:\.\d+)?(?:ms|s|m|h|d|w)$/;
/** A larger number is far more often a mistaken unit than intended; write `'60d'` to mean it. */
const MAX_SECONDS = 30 * 24 * 60 * 60;
/** The longest time to wait for anything. A timer of Node that is set for 25 days or more fires at once. */
export const MAX_WAIT: Duration = '1h';

/** A TTL above a hundred years is a mistaken unit. */
const LONGEST = '36500d';

export type DurationCheck = { ms: number } | { problem: string };

/**
 * The milliseconds of a duration, or what is wrong with it, as the end of a sentence.
 * @param atMost the longest one that makes sense: `MAX_WAIT` for whatever a timer waits for
 */
export function checkDuration(value: unknown, atMost: Duration = LONGEST): DurationCheck {
  const check = parseDuration(value);
  if ('problem' in check || check.ms <= millisecondsOf(atMost)) return check;
  return { problem: `must be at most ${shown(atMost)}; got ${shown(value)}` };
}

function millisecondsOf(duration: Duration): number {
  return typeof duration === 'number' ? duration * 1000 : ms(duration as ms.StringValue);
}

function parseDuration(value: unknown): DurationCheck {
  if (typeof value === 'number') return checkSeconds(value);
  if (typeof value === 'string' && WITH_UNIT.test(value)) {
    const parsed = ms(value as ms.StringValue);
    if (parsed >= 1) return { ms: Math.ceil(parsed) };
  }
  return {
    problem: `must be seconds as a number, or a text such as "500ms", "30s", "5m", "1.5h", "7d", "2w"; got ${shown(value)}`,
  };
}

function checkSeconds(seconds: number): DurationCheck {
  if (seconds > MAX_SECONDS) {
    return {
      problem: `must be at most 30 days of seconds; got ${seconds}: seconds, not milliseconds? A longer time is written "60d"`,
    };
  }
  if (seconds * 1000 >= 1) return { ms: Math.ceil(seconds * 1000) };
  return { problem: `must be more than 0 seconds; got ${seconds}` };
}

/** A setting is no secret: a short one is shown. */
function shown(value: unknown): string {
  return typeof value === 'string' && value !== '' && value.length <= 20 ? `"${value}"` : kindOf(value);
}

/**
 * The milliseconds of a duration.
 * @param atMost the longest one that is taken. @default a hundred years
 * @throws CacheConfigError naming `field`.
 */
export function toMilliseconds(field: string, value: unknown, atMost?: Duration): number {
  const check = checkDuration(value, atMost);
  if ('problem' in check) throw new CacheConfigError([`${field} ${check.problem}`]);
  return check.ms;
}
