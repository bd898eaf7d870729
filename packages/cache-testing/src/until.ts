import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  /** @default 15000 */
  readonly timeoutMs?: number;
  /** @default 10 */
  readonly intervalMs?: number;
}

/**
 * Asks `probe` again and again until it gives something other than `undefined`, and returns that.
 *
 * The one place that waits by the wall clock: another process tells nobody when it is ready. `node:timers/promises`
 * stays real under a runner's fake timers.
 *
 * @param what named in the error: "gave up after 15000 ms waiting for <what>"
 * @param probe one that throws counts as "not yet"; what it threw last becomes the `cause` of the error
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  patience: Patience = {},
): Promise<T> {
  const { timeoutMs = 15_000, intervalMs = 10 } = patience;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(intervalMs);
  } while (performance.now() < deadline);
  throw new Error(`gave up after ${timeoutMs} ms waiting for ${what}`, { cause });
}
