/** Turning states into short keys, and states that mean the same into the same key. */

/** One character a field. Fields are small integers from 0 up; absent things are 0. */
export function pack(fields: readonly number[]): string {
  return String.fromCharCode(...fields);
}

/** Sorts a handful of fields in place: processes that differ only in what they have done may change places. */
export function interchangeable(fields: number[]): number[] {
  for (let i = 1; i < fields.length; i += 1) {
    const field = fields[i] ?? 0;
    let j = i;
    for (let left = fields[j - 1]; left !== undefined && left > field; left = fields[j - 1]) {
      fields[j] = left;
      j -= 1;
    }
    fields[j] = field;
  }
  return fields;
}

/**
 * Numbers random marks by first appearance: they matter only by being equal or not, as long as everything drawn later is new. Absent (0)
 * stays 0.
 */
export class Renaming {
  readonly #met: number[] = [0];

  of(mark: number): number {
    const index = this.#met.indexOf(mark);
    return index >= 0 ? index : this.#met.push(mark) - 1;
  }
}
