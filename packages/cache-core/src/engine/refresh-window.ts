/** The share of its TTL that is left when a value is refreshed ahead, and how many times the load must fit into the rest. */
const AHEAD_SHARE = 0.05;
const AHEAD_LOADS = 2;

/** How long before its end a fresh value is loaded anew: at most half of its TTL, or a load that takes as long would never pause. */
export function refreshWindowMs(ttlMs: number, loadMs: number): number {
  return Math.min(Math.max(AHEAD_LOADS * loadMs, AHEAD_SHARE * ttlMs), ttlMs / 2);
}
