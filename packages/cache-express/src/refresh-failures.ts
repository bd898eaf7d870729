import type { Logger } from '@huntly/cache-core';

/** One failure is what a stored response is kept for. From the second one in a row on something is wrong. */
const WARN_FROM = 2;

/** Counts the refreshes of a route that fail in a row, and warns of them. Its clients notice nothing until the grace of its responses ends. */
export class RefreshFailures {
  readonly #logger: Pick<Logger, 'warn'>;
  #inARow = 0;
  #warnAt = WARN_FROM;

  constructor(logger: Pick<Logger, 'warn'>) {
    this.#logger = logger;
  }

  succeeded(): void {
    this.#inARow = 0;
    this.#warnAt = WARN_FROM;
  }

  /** Warns of the second failure in a row, the fourth, the eighth and so on. */
  failed(route: string, err: unknown): void {
    this.#inARow++;
    if (this.#inARow < this.#warnAt) return;
    this.#warnAt *= 2;
    this.#logger.warn(
      { err, route, failures: this.#inARow },
      'stored responses cannot be refreshed: they are served until their grace ends. Does middleware refuse or break requests that the cache sends itself (isRefresh)?',
    );
  }
}
