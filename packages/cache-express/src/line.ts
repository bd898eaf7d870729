import type { Clock } from '@huntly/cache-core';

/** Requests of one key that run its handler at a time, after it failed. */
const AT_A_TIME = 5;

interface Queue {
  running: number;
  readonly waiting: Set<() => void>;
}

/** Lets requests through a few at a time for each key, in the order in which they came. */
export class Line {
  readonly #clock: Clock;
  readonly #queues = new Map<string, Queue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when it is this request's turn, or after `patienceMs`, with what ends the turn: it must be called, and may
   * be called twice. No request waits for ever, whatever those before it do.
   */
  turn(key: string, patienceMs: number): Promise<() => void> {
    const queue = this.#queueOf(key);
    if (queue.running < AT_A_TIME) return Promise.resolve(this.#begin(key, queue));
    return new Promise((resolve) => {
      const go = () => {
        cancel();
        queue.waiting.delete(go);
        resolve(this.#begin(key, queue));
      };
      const cancel = this.#clock.after(patienceMs, go, { background: true });
      queue.waiting.add(go);
    });
  }

  #begin(key: string, queue: Queue): () => void {
    queue.running++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      queue.running--;
      this.#next(key, queue);
    };
  }

  #next(key: string, queue: Queue): void {
    const [first] = queue.waiting;
    if (first && queue.running < AT_A_TIME) first();
    else if (queue.running === 0) this.#queues.delete(key);
  }

  #queueOf(key: string): Queue {
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = { running: 0, waiting: new Set() };
      this.#queues.set(key, queue);
    }
    return queue;
  }
}
