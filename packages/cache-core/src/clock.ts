import { performance } from 'node:perf_hooks'; // the global of this name is a getter, and hits ask for the time
import { clearTimeout, setImmediate, setTimeout } from './timers.ts';

/** As timers are: a test that sets the date does not make entries old. */
const { now: epoch } = Date;

/** Time comes in from outside, so that tests own it and no duration depends on a wall clock that jumps. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  now(): number;
  /** Milliseconds since the Unix epoch: for people to read, never to decide what is newer. */
  epoch(): number;
  /**
   * Runs `task` once, after `delayMs`; the returned function cancels it. A `background` timer does not keep the process
   * alive.
   */
  after(delayMs: number, task: () => void, options?: { background?: boolean }): () => void;
  /**
   * Runs `task` once what has already arrived for this process was handed out: a busy event loop is no silent server.
   */
  afterArrivals(task: () => void): void;
}

/** A timer that is set for longer goes off at once. No option allows for it; this is the last guard. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  epoch: () => epoch(),
  after(delayMs, task, options) {
    const timer = setTimeout(task, Math.min(delayMs, LONGEST_TIMER_MS));
    if (options?.background) timer.unref();
    return () => clearTimeout(timer);
  },
  // Timers run before sockets are read: only after a second turn of the loop has every reply been seen that was there.
  afterArrivals(task) {
    setImmediate(() => setImmediate(task));
  },
};

/** @param wake ends it early */
export function sleep(clock: Clock, delayMs: number, wake?: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(delayMs, resolve);
    void wake?.then(() => {
      cancel();
      resolve();
    });
  });
}
