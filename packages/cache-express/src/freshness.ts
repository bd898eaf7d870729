import { type CacheControl, secondsOf } from './cache-control.ts';
import { parseHttpDate } from './http-date.ts';

/** What a response says of how long it may be reused. */
export interface LifetimeFacts {
  /**
   * Of `CDN-Cache-Control` where there is one, which stands in place of `Cache-Control` and `Expires`. RFC 9213 §2.2
   */
  readonly cacheControl: CacheControl | undefined;
  readonly expires: string | undefined;
  readonly date: string | undefined;
  readonly age: string | undefined;
}

/**
 * How long the handler allows a reuse; `undefined` where it says nothing. RFC 9111 §4.2.1, less the age it came with,
 * §4.2.3
 */
export function allowedMs(facts: LifetimeFacts, nowMs: number): number | undefined {
  const lifetimeMs = declaredMs(facts, nowMs);
  return lifetimeMs === undefined ? undefined : Math.max(0, lifetimeMs - parseAge(facts.age) * 1000);
}

/** May a stale copy be used? RFC 9111 §4.2.4 */
export function allowsStale({ cacheControl }: LifetimeFacts): boolean {
  return !['must-revalidate', 'proxy-revalidate', 's-maxage'].some((name) => cacheControl?.directives.has(name));
}

function declaredMs({ cacheControl, expires, date }: LifetimeFacts, nowMs: number): number | undefined {
  const seconds = cacheControl && (secondsOf(cacheControl, 's-maxage') ?? secondsOf(cacheControl, 'max-age'));
  if (seconds !== undefined) return seconds * 1000;
  if (expires === undefined) return undefined;
  const expiresAt = parseHttpDate(expires, nowMs);
  const from = (date === undefined ? undefined : parseHttpDate(date, nowMs)) ?? nowMs;
  return expiresAt === undefined ? 0 : Math.max(0, expiresAt - from); // an invalid date is in the past. §5.3
}

/** The first value of an Age header; what is no number counts as 0. RFC 9111 §5.1 */
export function parseAge(age: string | undefined): number {
  const first = age?.split(',', 1)[0]?.trim() ?? '';
  return /^\d{1,20}$/.test(first) ? Math.min(Number(first), 2 ** 31) : 0;
}
