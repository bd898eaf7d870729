import type { Clock } from '../clock.ts';
import { StoreUnavailableError } from '../errors.ts';

export interface CallsOptions {
  readonly clock: Clock;
  /** A call was answered, if only by an error. */
  onAnswer(): void;
  /** A call got no answer in time. */
  onDeadline(): void;
}

/** A call as the one who sends it sees it. */
export interface RunningCall {
  /** Answered, or given up: no caller waits for it any more. */
  isOver(): boolean;
  /**
   * A part of the answer has come, or an answer to a call before it: the store does answer, whatever becomes of the
   * rest.
   */
  answeredInPart(): void;
}

/** Calls of a store that are under way: each has its deadline, and all can be given up at once. */
export class Calls {
  readonly #options: CallsOptions;
  /** One for each call under way: gives it up. */
  readonly #waiting = new Set<(error: Error) => void>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  giveUpAll(error: Error): void {
    for (const giveUp of [...this.#waiting]) giveUp(error);
  }

  /**
   * @param tooLate hears an answer that came after the call was given up
   * @throws StoreUnavailableError where there is no time, or no answer in time; else what the call rejects with
   */
  run<T>(budgetMs: number, send: (call: RunningCall) => Promise<T>, tooLate: (answer: T) => void = ignore): Promise<T> {
    if (budgetMs <= 0)
      throw new StoreUnavailableError('The store is not asked now: the request has no time left for it.');
    const { clock, onAnswer, onDeadline } = this.#options;
    return new Promise<T>((resolve, reject) => {
      let isOver = false;
      let isAnsweredInPart = false;
      const giveUp = (error: Error) => {
        isOver = true;
        cancel();
        this.#waiting.delete(giveUp);
        reject(error);
      };
      const expired = () => {
        if (isOver) return;
        giveUp(new StoreUnavailableError(`The store gave no answer within ${Math.round(budgetMs)} ms.`));
        if (!isAnsweredInPart) onDeadline();
      };
      const cancel = clock.after(budgetMs, () => clock.afterArrivals(expired));
      this.#waiting.add(giveUp);
      const answered = (): boolean => {
        if (isOver) return false;
        isOver = true;
        cancel();
        this.#waiting.delete(giveUp);
        onAnswer();
        return true;
      };
      const call: RunningCall = {
        isOver: () => isOver,
        answeredInPart: () => {
          isAnsweredInPart = true;
          if (!isOver) onAnswer();
        },
      };
      const asked = (async () => send(call))(); // also one that throws instead of rejecting
      asked.then(
        (answer) => (answered() ? resolve(answer) : tooLate(answer)),
        (error: Error) => answered() && reject(error),
      );
    });
  }
}

function ignore(): void {}
