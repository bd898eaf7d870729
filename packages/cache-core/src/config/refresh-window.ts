import type { Checks } from './checks.ts';
import type { Duration } from './duration.ts';

/**
 * When a value is refreshed ahead: so long before its end, or when so large a share of its TTL is left; one of the two.
 * The window is twice the time of the last load, if that is longer, and at most half of the TTL.
 */
export type RefreshAhead =
  | { readonly window: Duration; readonly share?: undefined }
  /** Above 0, at most 0.5. */
  | { readonly share: number; readonly window?: undefined };

/** A `RefreshAhead` with its duration in milliseconds. */
export type RefreshWindow =
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'time'; readonly windowMs: number };

const DEFAULT_WINDOW: RefreshWindow = { kind: 'share', share: 0.05 };
/** A load that takes as long as its value lives would never pause. */
const MAX_SHARE = 0.5;
/** How many times the load must fit into the rest. */
const AHEAD_LOADS = 2;

/** How long before its end a fresh value is loaded anew. */
export function refreshWindowMs(ttlMs: number, loadMs: number, window = DEFAULT_WINDOW): number {
  const wantedMs = window.kind === 'share' ? window.share * ttlMs : window.windowMs;
  return Math.min(Math.max(AHEAD_LOADS * loadMs, wantedMs), ttlMs * MAX_SHARE);
}

/** @param ttlMs of the type, if it is the same for all values */
export function resolveRefreshAhead(
  ahead: unknown,
  ttlMs: number | undefined,
  checks: Checks,
): RefreshWindow | undefined {
  if (ahead === undefined || ahead === false) return undefined;
  if (ahead === true) return DEFAULT_WINDOW;
  const { window, share, ...others } = typeof ahead === 'object' && ahead !== null ? (ahead as LooseAhead) : {};
  if ((window === undefined) === (share === undefined) || Object.keys(others).length > 0) {
    checks.that('refreshAhead', false, "true, false, { window: '10s' } or { share: 0.2 }", ahead);
    return undefined;
  }
  if (window === undefined) {
    const isInRange = typeof share === 'number' && share > 0 && share <= MAX_SHARE;
    checks.that('refreshAhead.share', isInRange, `a number above 0, at most ${MAX_SHARE}`, share);
    return isInRange ? { kind: 'share', share } : undefined;
  }
  const windowMs = checks.duration('refreshAhead.window', window);
  const fits = ttlMs === undefined || windowMs <= ttlMs * MAX_SHARE;
  checks.that('refreshAhead.window', fits, 'at most half of the ttl', window);
  return { kind: 'time', windowMs };
}

interface LooseAhead {
  readonly window?: unknown;
  readonly share?: unknown;
}
