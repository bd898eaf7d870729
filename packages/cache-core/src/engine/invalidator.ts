import { ignoreRejection } from '../at-once.ts';
import { checkWholeNumber, InvalidationError, StoreUnavailableError } from '../errors.ts';
import type { Pattern } from '../keys/pattern.ts';
import type { InvalidatedTarget } from '../observe/events.ts';
import { loggableKey } from '../observe/logger.ts';
import type { SweepOptions, Target } from '../store/store.ts';
import type { Engine } from './engine.ts';

export interface InvalidationResult {
  /**
   * `false`: the store could not be told. A warning is logged. This process does not trust the values concerned, and
   * tells the store as soon as it answers; until then other processes may still serve them.
   */
  readonly applied: boolean;
  /**
   * How many values were removed at once. Values dropped by a tag or a type are not counted: they are not looked up.
   */
  readonly removed: number;
}

const NOT_APPLIED =
  'The invalidation was not applied: the store does not answer. It is repeated as soon as it does; until then other processes may serve the old values.';

/** How a sweep goes about it; see `invalidatePattern`. */
export type PatternOptions = Partial<Omit<SweepOptions, 'onWidened'>>;

/** Invalidations of one cache. */
export class Invalidator {
  readonly #engine: Engine;
  readonly #batchSize: number;
  readonly #isStrict: boolean;

  constructor(engine: Engine, options: { batchSize: number; isStrict: boolean }) {
    this.#engine = engine;
    this.#batchSize = options.batchSize;
    this.#isStrict = options.isStrict;
  }

  /** @throws InvalidationError if it could not be applied, and the cache is `strict`. */
  async invalidate(targets: readonly Target[]): Promise<InvalidationResult> {
    if (targets.length === 0) return { applied: true, removed: 0 };
    return this.#engine.follow(this.#invalidate(targets));
  }

  async #invalidate(targets: readonly Target[]): Promise<InvalidationResult> {
    const { logger } = this.#engine;
    this.#engine.drop(targets);
    const tell = (applied: boolean, removed: number) => this.#tell(() => targets.map(publicTarget), applied, removed);
    try {
      const { removed } = await this.#engine.ask('invalidate', (store) => store.invalidate(targets));
      this.#endJoining(targets);
      this.#engine.drop(targets); // what was read meanwhile; this process does not wait for its own news
      if (logger.isLevelEnabled('debug')) logger.debug({ targets: targets.map(loggableTarget) }, 'invalidated');
      tell(true, removed);
      return { applied: true, removed };
    } catch (error) {
      this.#engine.drop(targets);
      this.#endJoining(targets); // what loads now will not be stored by this process: the guard knows of the invalidation
      logger.warn(
        { err: error, targets: targets.map(loggableTarget) },
        'invalidation not applied: it is repeated until the store has it',
      );
      tell(false, 0);
      if (this.#isStrict) throw new InvalidationError(NOT_APPLIED, { cause: error });
      return { applied: false, removed: 0 };
    }
  }

  /** @throws InvalidationError if it could not be finished; the reason of `options.signal` if that ended it. */
  async sweep(pattern: Pattern, options: PatternOptions = {}, { mayWiden = false } = {}): Promise<number> {
    const { onProgress } = options;
    const batchSize = checkWholeNumber('batchSize', options.batchSize ?? this.#batchSize);
    const { logger } = this.#engine;
    const { type } = pattern.scope;
    let target: InvalidatedTarget = { kind: 'pattern', type, glob: pattern.glob };
    const onWidened = (reason: string) => {
      target = { kind: 'tag', tag: type };
      logger.warn({ ...pattern.scope, reason }, 'all values of the type dropped instead of those of a pattern');
    };
    try {
      const removed = await this.#engine.store.sweep(pattern, {
        ...options,
        batchSize,
        ...(onProgress && { onProgress: (done) => this.#report(onProgress, done) }),
        ...(mayWiden && { onWidened }),
      });
      if (!options.dryRun) this.#engine.dropAll();
      if (logger.isLevelEnabled('debug')) logger.debug({ ...pattern.scope, removed }, 'pattern invalidated');
      if (!options.dryRun) this.#tell(() => [target], true, removed);
      return removed;
    } catch (cause) {
      if (!options.dryRun) this.#tell(() => [target], false, 0);
      options.signal?.throwIfAborted();
      const why = StoreUnavailableError.is(cause) ? ` ${cause.message}` : '';
      throw new InvalidationError(`The pattern of type "${type}" was not invalidated to its end.${why} Repeat it.`, {
        cause,
      });
    }
  }

  /** An asynchronous one is not waited for, but its rejection must not end the process. */
  #report(onProgress: (removed: number) => unknown, removed: number): void {
    const answer = onProgress(removed);
    const failed = (error: unknown) => this.#engine.logger.error({ err: error }, 'onProgress failed');
    ignoreRejection(answer, failed);
  }

  #tell(targets: () => readonly InvalidatedTarget[], applied: boolean, removed: number): void {
    const { events } = this.#engine;
    if (events.line('invalidated').isHeard) events.emit('invalidated', { targets: targets(), removed, applied });
  }

  /**
   * The values of flights of these keys will be refused, so a reader that comes later need not wait for them. The keys
   * of a tag are not known: there a late reader waits, and starts over.
   */
  #endJoining(targets: readonly Target[]): void {
    for (const target of targets) if (target.kind === 'key') this.#engine.flights.detach(target.key.text);
  }
}

function publicTarget(target: Target): InvalidatedTarget {
  return target.kind === 'key' ? { kind: 'key', key: target.key.text } : { kind: 'tag', tag: target.tag };
}

function loggableTarget(target: Target): string {
  return loggableKey(target.kind === 'key' ? target.key.text : `tag ${target.tag}`);
}
