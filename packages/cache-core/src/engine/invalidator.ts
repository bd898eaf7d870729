import { CacheConfigError, InvalidationError, kindOf } from '../errors.ts';
import type { Pattern } from '../keys/pattern.ts';
import type { SweepOptions, Target } from '../store/store.ts';
import type { Engine } from './engine.ts';

export interface InvalidationResult {
  /** `false`: the store could not be told. A warning is logged. */
  readonly applied: boolean;
  /** How many values were removed at once. Values dropped by a tag or a type are not counted: nobody looks for them. */
  readonly removed: number;
}

/** How a sweep goes about it; see `invalidatePattern`. */
export type PatternOptions = Partial<SweepOptions>;

/**
 * Invalidations of one cache. Each ends the joining of flights twice (P1): when it starts, so that nobody joins a load that
 * may have read the old source; and in the turn in which it resolves, because until the store had applied it a new flight
 * could still have found the old value there.
 */
export class Invalidator {
  readonly #engine: Engine;
  readonly #batchSize: number;

  constructor(engine: Engine, batchSize: number) {
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new CacheConfigError([`sweepBatchSize must be a whole number above 0; got ${kindOf(batchSize)}`]);
    }
    this.#engine = engine;
    this.#batchSize = batchSize;
  }

  /** Never rejects. */
  async invalidate(targets: readonly Target[]): Promise<InvalidationResult> {
    if (targets.length === 0) return { applied: true, removed: 0 };
    try {
      const { removed } = await this.#around(targets, () => this.#engine.ask((store) => store.invalidate(targets)));
      return { applied: true, removed };
    } catch (error) {
      this.#engine.logger.warn(
        { err: error, targets: targets.length },
        'invalidation not applied: the store does not answer',
      );
      return { applied: false, removed: 0 };
    }
  }

  /** @throws InvalidationError if the store could not finish it; the reason of `options.signal` if that ended it. */
  async sweep(pattern: Pattern, options: PatternOptions = {}): Promise<number> {
    const sweep = () =>
      this.#engine.store.sweep(pattern, { ...options, batchSize: options.batchSize ?? this.#batchSize });
    try {
      return await this.#around(undefined, sweep);
    } catch (cause) {
      options.signal?.throwIfAborted();
      throw new InvalidationError('The pattern was not invalidated: the store does not answer. Repeat it.', { cause });
    }
  }

  /** Without targets, any key may be meant. */
  async #around<T>(targets: readonly Target[] | undefined, apply: () => Promise<T>): Promise<T> {
    this.#detach(targets);
    try {
      return await apply();
    } finally {
      this.#detach(targets);
    }
  }

  #detach(targets: readonly Target[] | undefined): void {
    const { flights } = this.#engine;
    if (targets?.every((target) => target.kind === 'key')) {
      for (const target of targets) flights.detach(target.key.text);
    } else {
      flights.detachAll();
    }
  }
}
