export interface Span {
  readonly from: number;
  readonly to: number;
}

const EVERY_MS = 2;
/** Timers are a little late at the best of times. */
const USUAL_MS = 3;

/**
 * Notes when this process got no turn: the time that a request lost by that is no time of the store, so that a noisy machine
 * cannot fail a test.
 */
export class StallRecorder {
  readonly stalls: Span[] = [];
  #last = performance.now();
  readonly #timer = setInterval(() => this.#tick(), EVERY_MS);

  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    if (now - this.#last > EVERY_MS + USUAL_MS) this.stalls.push({ from: this.#last, to: now });
    this.#last = now;
  }
}

/** How much of a span none of the others covers. */
export function uncovered(span: Span, others: readonly Span[]): number {
  const inside = others
    .filter(({ from, to }) => to > span.from && from < span.to)
    .sort((one, other) => one.from - other.from);
  let covered = 0;
  let until = span.from;
  for (const { from, to } of inside) {
    const begin = Math.max(until, from);
    const end = Math.min(span.to, to);
    if (end > begin) covered += end - begin;
    until = Math.max(until, end);
  }
  return span.to - span.from - covered;
}
