/**
 * Limits the bytes that are on their way at a time, first come, first served. Small ones pass at once: on one
 * connection they wait only for what was requested before them, so that is what the gate keeps small.
 */
export class ByteGate {
  readonly #limit: number;
  readonly #small: number;
  #underWay = 0;
  readonly #waiting: { readonly bytes: number; readonly enter: () => void; readonly onProgress: () => void }[] = [];

  constructor({ limit, small }: { limit: number; small: number }) {
    this.#limit = limit;
    this.#small = small;
  }

  /**
   * Resolves when it is the turn of `bytes`; call what it returns when they are there, or will not come.
   * @param onProgress is called as long as it is not, whenever something before it has arrived
   */
  async enter(bytes: number, onProgress: () => void): Promise<() => void> {
    if (bytes <= this.#small) return () => {};
    const isFree = this.#waiting.length === 0 && this.#fits(bytes);
    if (isFree) this.#underWay += bytes;
    else await new Promise<void>((enter) => this.#waiting.push({ bytes, enter, onProgress }));
    let isIn = true;
    return () => {
      if (isIn) this.#leave(bytes);
      isIn = false;
    };
  }

  #leave(bytes: number): void {
    this.#underWay -= bytes;
    for (const { onProgress } of this.#waiting) onProgress();
    for (let [next] = this.#waiting; next && this.#fits(next.bytes); [next] = this.#waiting) {
      this.#waiting.shift();
      this.#underWay += next.bytes;
      next.enter();
    }
  }

  /** One that is larger than the limit goes alone. */
  #fits(bytes: number): boolean {
    return this.#underWay === 0 || this.#underWay + bytes <= this.#limit;
  }
}
