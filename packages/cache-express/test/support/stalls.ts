const EVERY_MS = 2;
const KEPT = 20_000;

/**
 * Records when the event loop did not turn, so that a test on a crowded machine can tell its own waiting from the
 * machine's.
 */
export class StallClock {
  readonly #stalls: { readonly from: number; readonly to: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), EVERY_MS);
  }

  /** Milliseconds of stalls in a span of time. */
  between(from: number, to: number): number {
    let sum = 0;
    for (const stall of this.#stalls) sum += Math.max(0, Math.min(to, stall.to) - Math.max(from, stall.from));
    return sum;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#last > 2 * EVERY_MS) {
      this.#stalls.push({ from: this.#last + EVERY_MS, to: now });
      if (this.#stalls.length > KEPT) this.#stalls.shift();
    }
    this.#last = now;
  }
}
