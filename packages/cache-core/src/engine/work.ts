/** The loads, fills, refreshes and releases under way in a cache; those of a child count for its parent as well. */
export class WorkUnderWay {
  readonly #running = new Set<Promise<unknown>>();
  readonly #parent: WorkUnderWay | undefined;

  constructor(parent: WorkUnderWay | undefined) {
    this.#parent = parent;
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Follows work until it ends, however it ends. Its error is left to its caller. */
  add(work: Promise<unknown>): void {
    const ended = work.then(ignored, ignored);
    this.#hold(ended);
    void ended.then(() => this.#letGo(ended));
  }

  /** Resolves when all that runs now has ended. Work that it started may still be running. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  #hold(work: Promise<unknown>): void {
    this.#running.add(work);
    if (this.#parent) this.#parent.#hold(work);
  }

  #letGo(work: Promise<unknown>): void {
    this.#running.delete(work);
    if (this.#parent) this.#parent.#letGo(work);
  }
}

function ignored(): void {}
