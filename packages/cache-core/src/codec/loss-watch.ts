import { changedByJson, type JsonLoss } from './json-losses.ts';

const EACH_OF_THE_FIRST = 100;
const THEN_EVERY = 100;

/**
 * Finds out whether JSON changes the values of one type, until it has found a change: one line in the log tells it, more would
 * only cost. Looks at the first values and then at a sample.
 */
export class LossWatch {
  readonly #remarkOn: (value: unknown, loss: JsonLoss) => string | undefined;
  #seen = 0;
  #isSaid = false;

  /** @param remarkOn What a read makes of the loss, to be added to the sentence; `undefined` if it mends it. */
  constructor(remarkOn: (value: unknown, loss: JsonLoss) => string | undefined) {
    this.#remarkOn = remarkOn;
  }

  /** `$.rows[3].createdAt is a Date: it comes back as a text` */
  look(value: unknown): string | undefined {
    if (this.#isSaid) return undefined;
    const turn = this.#seen++;
    if (turn >= EACH_OF_THE_FIRST && turn % THEN_EVERY !== 0) return undefined;
    const loss = changedByJson(value);
    if (!loss) return undefined;
    const remark = this.#remarkOn(value, loss);
    if (remark === undefined) return undefined;
    this.#isSaid = true;
    return `${loss.path} is ${loss.what}${remark}`;
  }
}
