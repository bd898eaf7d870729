/**
 * By signal: who leaves with it. One listener a signal, however many reads share it: adding one is a walk through all.
 */
const LEAVING = new WeakMap<AbortSignal, Departures>();

/**
 * What `work` gives, or the reason of the signal if that is aborted before. The caller leaves; the work goes on.
 * @param onLate gets what the work gives once the caller has left
 */
export function untilAborted<T>(
  signal: AbortSignal | undefined,
  work: Promise<T>,
  onLate: (late: T) => void = () => {},
): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    let hasLeft = false;
    const departures = LEAVING.get(signal) ?? new Departures(signal);
    const stay = departures.add(() => {
      hasLeft = true;
      reject(signal.reason);
    });
    const settled = (value: T) => (hasLeft ? onLate(value) : resolve(value));
    work.then(settled, reject).finally(stay);
  });
}

class Departures {
  readonly #signal: AbortSignal;
  readonly #leaving = new Set<() => void>();
  readonly #onAbort = () => {
    for (const leave of this.#leaving) leave();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Calls `leave` when the signal is aborted, at once if it is. The returned function ends that. */
  add(leave: () => void): () => void {
    if (this.#signal.aborted) {
      leave();
      return () => {};
    }
    if (this.#leaving.size === 0) this.#listen();
    this.#leaving.add(leave);
    return () => this.#remove(leave);
  }

  #listen(): void {
    LEAVING.set(this.#signal, this);
    this.#signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** A signal that lives as long as the process must not keep what is over. */
  #remove(leave: () => void): void {
    this.#leaving.delete(leave);
    if (this.#leaving.size > 0) return;
    LEAVING.delete(this.#signal);
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}
