/** What a cache has begun and not ended: loads, fills, refreshes, releases. That of a child is its parent's as well. */
export class WorkUnderWay {
  readonly #running = new Set<Promise<unknown>>();
  readonly #parent: WorkUnderWay | undefined;

  constructor(parent: WorkUnderWay | undefined) {
    this.#parent = parent;
  }

  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Follows work until it ends, however it ends. Its error stays with whoever awaits it. */
  add(work: Promise<unknown>): void {
    const ended = work.then(ignored, ignored);
    this.#hold(ended);
    void ended.then(() => this.#letGo(ended));
  }

  /** Resolves when all that runs now has ended. What it sets off may run by then. */
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
