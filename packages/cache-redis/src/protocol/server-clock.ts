import type { Clock } from '@huntly/cache-core';
import type { RedisClient } from '../connection/client.ts';

/** How often the server is asked while it is connected. Clocks drift, and are set. */
const ASK_AGAIN_MS = 10_000;
/** A value from the future asks at once, but no sooner than this after the last answer. */
const SETTLED_MS = 1_000;
/** Clocks differ a little between two looks. */
const TOLERANCE_MS = 5;
/** On a Cluster any of the nodes is asked, and each writes the times of its values by a clock of its own. */
const CLUSTER_TOLERANCE_MS = 1_000;

/** What the server said, and when. */
interface Look {
  /**
   * The time of the server minus the monotonic time of this process, at most: no value is taken for younger than it is.
   */
  readonly offsetMs: number;
  /** Question and answer were under way for so long: the offset may be too large by that. */
  readonly tripMs: number;
  readonly at: number;
}

/**
 * The clock of the server, as this process knows it: for ages only, never for what is newer. It follows the monotonic
 * clock of this process, whose wall clock may jump, and asks the server again from time to time, whose clock may jump
 * as well.
 */
export class ServerClock {
  readonly #client: Pick<RedisClient, 'time'>;
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  #look: Look | undefined;
  #asking: Promise<void> | undefined;
  /** Counts starts and stops: what belongs to an earlier one goes no further. */
  #session = 0;
  #cancelNext = () => {};

  constructor(client: Pick<RedisClient, 'time'>, clock: Clock, { isCluster = false } = {}) {
    this.#client = client;
    this.#clock = clock;
    this.#toleranceMs = isCluster ? CLUSTER_TOLERANCE_MS : TOLERANCE_MS;
  }

  /**
   * Milliseconds since the epoch. Until the server has answered, and without the right to ask, by the clock of this
   * process.
   */
  now(): number {
    return this.#look === undefined ? this.#clock.epoch() : this.#clock.now() + this.#look.offsetMs;
  }

  /** To be called when a server is reached: from then on it is asked again and again, until `stop`. */
  async start(): Promise<void> {
    this.stop();
    const session = this.#session;
    await this.#ask();
    if (session !== this.#session) return;
    this.#cancelNext = this.#clock.after(ASK_AGAIN_MS, () => void this.start(), { background: true });
  }

  stop(): void {
    this.#session++;
    this.#cancelNext();
  }

  /** Is this time of a server later than it can be, by what is known? */
  isFuture(time: number): boolean {
    return this.#look !== undefined && time > this.now() + this.#toleranceMs;
  }

  /** After a time from the future: the clock of the server was set since it was asked. */
  async askAgain(): Promise<void> {
    if (this.#look === undefined || this.#clock.now() - this.#look.at >= SETTLED_MS) await this.#ask();
  }

  /** One question at a time. */
  #ask(): Promise<void> {
    this.#asking ??= this.#lookAtServer().then((look) => {
      this.#asking = undefined;
      if (look) this.#look = moreExact(this.#look, look);
    });
    return this.#asking;
  }

  /**
   * `undefined` without the right to ask: ages are told by the clock of this process then; or without an answer: by the
   * last one.
   */
  async #lookAtServer(): Promise<Look | undefined> {
    const sentAt = this.#clock.now();
    try {
      const [seconds, microseconds] = await this.#client.time();
      const at = this.#clock.now();
      const offsetMs = Number(seconds) * 1000 + Number(microseconds) / 1000 - sentAt;
      return { offsetMs, tripMs: at - sentAt, at };
    } catch {
      return undefined;
    }
  }
}

/**
 * An answer that was under way for long, as this process was busy, does not replace an exact one that it agrees with.
 */
function moreExact(before: Look | undefined, now: Look): Look {
  const agrees =
    before !== undefined && before.offsetMs <= now.offsetMs && before.offsetMs >= now.offsetMs - now.tripMs;
  return agrees && before.tripMs < now.tripMs ? { ...before, at: now.at } : now;
}
