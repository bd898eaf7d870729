/** The reason of a breaker that deadlines opened; any other is that of the store. */
export const NO_ANSWER = 'it does not answer in time';

/** Whether the store is asked. */
export type BreakerState =
  | { readonly state: 'closed'; readonly deadlines: number }
  | { readonly state: 'open'; readonly reason: string };

export interface BreakerOptions {
  /** So many deadlines in a row open it. */
  readonly deadlinesToOpen: number;
  /** Called at each change between open and closed. */
  onChange(state: BreakerState): void;
}

/** Open: nobody asks the store, and nobody waits for it. It knows no time: whoever owns it says when to try again. */
export class Breaker {
  readonly #options: BreakerOptions;
  #state: BreakerState;

  constructor(initial: BreakerState, options: BreakerOptions) {
    this.#state = initial;
    this.#options = options;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** A call was answered, if only by an error. */
  answered(): void {
    if (this.#state.state === 'closed' && this.#state.deadlines > 0) this.#state = { state: 'closed', deadlines: 0 };
  }

  /** A call got no answer in time. */
  deadline(): void {
    if (this.#state.state === 'open') return;
    const deadlines = this.#state.deadlines + 1;
    if (deadlines >= this.#options.deadlinesToOpen) this.open(NO_ANSWER);
    else this.#state = { state: 'closed', deadlines };
  }

  open(reason: string): void {
    const was = this.#state;
    if (was.state === 'open' && was.reason === reason) return;
    this.#state = { state: 'open', reason };
    this.#options.onChange(this.#state);
  }

  close(): void {
    if (this.#state.state === 'closed') return;
    this.#state = { state: 'closed', deadlines: 0 };
    this.#options.onChange(this.#state);
  }
}
