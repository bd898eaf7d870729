import { atOnce } from '../at-once.ts';
import { ttlFor } from '../config/cache-types.ts';
import type { Duration } from '../config/duration.ts';
import { LoaderTimeoutError } from '../errors.ts';
import type { TypeContext } from './engine.ts';
import { checkTags } from './entry-builder.ts';
import { RunningLoad } from './running-load.ts';

/** What a loader is given. Needs no `this`: its functions may be taken out of it. */
export interface LoaderContext<V> {
  /** Aborted when the `hardTimeout` of the type is over: hand it to `fetch` or a query. */
  readonly signal: AbortSignal;
  /**
   * The value that is replaced, if there is one: stale, or about to be. A source that can say "not modified" saves a
   * load.
   */
  readonly previous: V | undefined;
  /** Returns this value to those who wait for it, and does not store it. */
  readonly skip: () => void;
  /** Instead of every other TTL. @throws CacheConfigError */
  readonly setTtl: (ttl: Duration) => void;
  /** Besides all other tags. @throws KeyError */
  readonly setTags: (tags: readonly string[]) => void;
}

/** Reads the source. `undefined` means "do not cache"; `null` is a value. */
export type Loader<T, V = T> = (context: LoaderContext<V>) => T | Promise<T>;

/** One call of a loader, and what it says about its value meanwhile. */
export class Loading {
  readonly #previous: unknown;
  #controller: AbortController | undefined;
  #reason: unknown;
  isSkipped = false;
  ttl: Duration | undefined;
  tags: readonly string[] | undefined;

  constructor(previous: unknown) {
    this.#previous = previous;
  }

  /** Most loaders never ask for a signal, so it is made when one does. */
  context<V>(): LoaderContext<V> {
    const signalOf = () => this.#signal();
    return {
      get signal() {
        return signalOf();
      },
      previous: this.#previous as V | undefined,
      skip: () => {
        this.isSkipped = true;
      },
      setTtl: (ttl) => {
        ttlFor('setTtl', atOnce('setTtl', ttl), undefined);
        this.ttl = ttl;
      },
      setTags: (tags) => {
        this.tags = checkTags(atOnce('setTags', tags));
      },
    };
  }

  abort(reason: unknown): void {
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }
}

/** As `loadInTime`, of a cache that is not enabled: loads that ask for each other would go on without end there as well. */
export async function loadUncached<T>(context: TypeContext, key: string, loader: Loader<T, never>): Promise<T> {
  const { home } = context.engine;
  const asker = RunningLoad.current();
  asker?.refuseAncestor(key, home);
  const load = new RunningLoad([key], home, asker);
  return load.run(() => loadInTime(context, key, loader, new Loading(undefined)));
}

/**
 * Runs a loader for at most the `hardTimeout` of its type. One that takes longer goes on, but no caller waits for it.
 * @throws LoaderTimeoutError, or what the loader throws
 */
export async function loadInTime<T>(
  { type, engine, observer }: TypeContext,
  key: string,
  loader: Loader<T, never>,
  loading: Loading,
): Promise<T> {
  const { hardTimeoutMs } = type;
  if (hardTimeoutMs === undefined) return loader(loading.context());
  return new Promise((resolve, reject) => {
    const cancel = engine.clock.after(hardTimeoutMs, () => {
      const error = new LoaderTimeoutError(
        `The loader of ${type.scope.type} took longer than its hardTimeout, ${hardTimeoutMs} ms.`,
      );
      observer.count('loadTimeouts', key, error);
      loading.abort(error);
      reject(error);
    });
    const run = async () => loader(loading.context()); // what it throws at once is a rejection as well, and ends the timer
    run().then(resolve, reject).finally(cancel);
  });
}
