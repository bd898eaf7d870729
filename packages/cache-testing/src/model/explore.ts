/**
 * Explicit-state model checking: every interleaving of a small system, breadth first, so that the first counter-example is a shortest one.
 * States are immutable values; two states are the same when `encode` says so.
 */

/**
 * Reports one possible step. The label says who does what, in words: a counter-example is a list of these.
 * `wrong` is given when the step itself breaks a promise, as when a read returns a stale value.
 */
export type Take<S> = (label: string, next: S, wrong?: string) => void;

export interface Model<S> {
  readonly initial: S;
  /** The canonical key of a state: equal keys must mean equal futures. One character a field keeps millions of them in memory. */
  encode(state: S): string;
  steps(state: S, take: Take<S>): void;
  /** What is wrong in this state, if anything. */
  wrong?(state: S): string | undefined;
  /** What is wrong with stopping here: asked of states that no step leaves. */
  stuck?(state: S): string | undefined;
}

export interface CounterExample {
  readonly wrong: string;
  readonly trace: readonly string[];
}

export interface Exploration {
  readonly states: number;
  /** Steps to the state that is furthest from the first, by the shortest way. */
  readonly depth: number;
  /** Every label met on any way: they show that the model does what it is meant to show. */
  readonly labels: ReadonlySet<string>;
  readonly counterExample: CounterExample | undefined;
}

/** Thrown instead of a verdict: a search cut short proves nothing. */
export class StateLimitError extends Error {
  override readonly name = 'StateLimitError';
  constructor(limit: number) {
    super(
      `More than ${limit.toLocaleString('en')} states: the search was given up. Raise the limit or lower the bounds.`,
    );
  }
}

/** Explores everything reachable, or up to the first thing wrong. */
export function explore<S>(model: Model<S>, limit: number): Exploration {
  return new Search(model, limit).run();
}

class Search<S> {
  readonly #model: Model<S>;
  readonly #limit: number;
  readonly #seen = new Set<string>();
  readonly #labels = new Map<string, number>();
  // How each state was met first. States are numbered in the order they are met.
  readonly #parents: number[] = [];
  readonly #labelIds: number[] = [];
  #next: S[] = [];
  #found: CounterExample | undefined;

  constructor(model: Model<S>, limit: number) {
    this.#model = model;
    this.#limit = limit;
  }

  run(): Exploration {
    const { initial, encode } = this.#model;
    this.#meet(encode.call(this.#model, initial), initial, -1, -1);
    const wrong = this.#model.wrong?.(initial);
    if (wrong !== undefined) this.#found = { wrong, trace: [] };
    let depth = 0;
    let firstId = 0;
    while (this.#next.length > 0 && this.#found === undefined) {
      const level = this.#next;
      this.#next = [];
      this.#expandAll(level, firstId);
      firstId += level.length;
      if (this.#next.length > 0) depth += 1;
    }
    const labels = new Set(this.#labels.keys());
    return { states: this.#seen.size, depth, labels, counterExample: this.#found };
  }

  #expandAll(level: readonly S[], firstId: number): void {
    for (const [index, state] of level.entries()) {
      this.#expand(state, firstId + index);
      if (this.#found !== undefined) return;
    }
  }

  #expand(state: S, id: number): void {
    let isLeft = false;
    this.#model.steps(state, (label, next, wrong) => {
      if (this.#found !== undefined) return;
      const labelId = this.#labels.get(label) ?? this.#labels.size;
      if (labelId === this.#labels.size) this.#labels.set(label, labelId);
      const key = this.#model.encode(next);
      const isNew = !this.#seen.has(key);
      if (isNew) this.#meet(key, next, id, labelId);
      isLeft ||= isNew || key !== this.#model.encode(state);
      const broken = wrong ?? (isNew ? this.#model.wrong?.(next) : undefined);
      if (broken !== undefined) this.#found = { wrong: broken, trace: [...this.#wayTo(id), label] };
    });
    const stuck = isLeft || this.#found !== undefined ? undefined : this.#model.stuck?.(state);
    if (stuck !== undefined) this.#found = { wrong: stuck, trace: this.#wayTo(id) };
  }

  #meet(key: string, state: S, parent: number, labelId: number): void {
    if (this.#seen.size >= this.#limit) throw new StateLimitError(this.#limit);
    this.#seen.add(key);
    this.#parents.push(parent);
    this.#labelIds.push(labelId);
    this.#next.push(state);
  }

  #wayTo(id: number): string[] {
    const words = [...this.#labels.keys()];
    const trace: string[] = [];
    for (let at = id; at > 0; at = this.#parents[at] ?? 0) trace.push(words[this.#labelIds[at] ?? -1] ?? '?');
    return trace.reverse();
  }
}
