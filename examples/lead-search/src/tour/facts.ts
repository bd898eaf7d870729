import { line } from './screen.ts';

/** What the tour shows is checked, not only told. */
export class Facts {
  #shown = 0;

  get shown(): number {
    return this.#shown;
  }

  /** Prints the fact if it holds. @throws Error naming it otherwise, which ends the tour with exit code 1. */
  show(fact: string, holds: boolean): void {
    this.check(fact, holds);
    line(`✓ ${fact}`);
  }

  /** The same without a line of its own, for facts that a table shows. */
  check(fact: string, holds: boolean): void {
    if (!holds) throw new Error(`Not as promised: ${fact}`);
    this.#shown += 1;
  }
}
