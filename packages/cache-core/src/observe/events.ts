import { type Channel, channel } from 'node:diagnostics_channel';
import { ignoreRejection } from '../at-once.ts';
import { CacheConfigError, kindOf } from '../errors.ts';
import type { GuardedLogger } from './logger.ts';

/** Something happened to one value. */
export interface KeyEvent {
  readonly type: string;
  /** The key as it stands in the store. Log lines show less of it. */
  readonly key: string;
}

export interface HitEvent extends KeyEvent {
  /**
   * Where the value came from: a copy in this process, the store, the store with a value past its TTL, or what this
   * process saw last, as neither the store nor the source had an answer (`degraded` of the type).
   */
  readonly tier: 'local' | 'store' | 'stale' | 'degraded';
}

export interface LoadEvent extends KeyEvent {
  /** From the right to load to the value. */
  readonly loadMs: number;
}

/** Something went wrong with one value. */
export interface TroubleEvent extends KeyEvent {
  /** What was thrown; `undefined` where nothing was. */
  readonly error: unknown;
}

/** What an invalidation was for. A whole type is the tag of its name. */
export type InvalidatedTarget =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'pattern'; readonly type: string; readonly glob: string };

export interface InvalidatedEvent {
  readonly targets: readonly InvalidatedTarget[];
  /** How many values were removed at once; see `InvalidationResult`. 0 if it was not applied. */
  readonly removed: number;
  /** `false`: the store could not be told, or a pattern was not finished. */
  readonly applied: boolean;
}

/** Whether the store is asked at all: the breaker. */
export type StoreEvent = { readonly state: 'asked' } | { readonly state: 'not asked'; readonly reason: string };

/**
 * The announcements that local copies follow: `up` from here on; `down`, so that there are no copies; or `alone`, there
 * are none to be had, so that copies live for a second.
 */
export type ChannelEvent = { readonly state: 'up' } | { readonly state: 'down' | 'alone'; readonly reason: string };

/** The events of a cache by name, and what a listener gets. */
export interface CacheEventMap {
  /** A read was answered by a value. */
  readonly hit: HitEvent;
  /** A read found no value. */
  readonly miss: KeyEvent;
  /** A load began: a loader is called, or a claim was handed out. */
  readonly loadBegan: KeyEvent;
  /** A load gave a value. */
  readonly load: LoadEvent;
  /** A load failed. */
  readonly loadError: TroubleEvent;
  /** A load took longer than the `hardTimeout`; `loadError` follows. */
  readonly loadTimeout: TroubleEvent;
  /** A load in the background is about to begin. */
  readonly refresh: KeyEvent;
  /** A reader waits for a load of this cache instead of starting one. */
  readonly coalesced: KeyEvent;
  /** A value was stored, by a fill or a `set`. */
  readonly stored: KeyEvent;
  /** A fill was refused: something was invalidated since the load began, or the lease was lost. */
  readonly refused: KeyEvent;
  /** A value was returned but not stored. No `error`: it is `undefined`, or `condition` declined it. */
  readonly uncacheable: TroubleEvent;
  /** A value was returned but not stored, because its loader said `skip`. */
  readonly skipped: KeyEvent;
  /** A stored value could not be read: corrupt, refused by the schema, or from another program. */
  readonly unreadable: TroubleEvent;
  /** The store failed to answer. */
  readonly storeError: TroubleEvent;
  /** An invalidation was applied, or could not be. */
  readonly invalidated: InvalidatedEvent;
  /** A value was made stale on purpose, or would have been: `expire` does not look for it. */
  readonly expired: KeyEvent;
  /** The store is not asked any more, or again. */
  readonly store: StoreEvent;
  /** Announcements begin, end, or cannot be had. Of a cache whose types have local copies. */
  readonly channel: ChannelEvent;
}

export type CacheEventName = keyof CacheEventMap;
export type CacheListener<N extends CacheEventName> = (event: CacheEventMap[N]) => void;

const NAMES: Readonly<Record<CacheEventName, true>> = {
  hit: true,
  miss: true,
  loadBegan: true,
  load: true,
  loadError: true,
  loadTimeout: true,
  refresh: true,
  coalesced: true,
  stored: true,
  refused: true,
  uncacheable: true,
  skipped: true,
  unreadable: true,
  storeError: true,
  invalidated: true,
  expired: true,
  store: true,
  channel: true,
};

/** Whether the children of a cache count as well, and theirs. */
export interface ChildrenOption {
  /** @default false */
  readonly children?: boolean | undefined;
}

/** What a child is given of its parent. */
export interface ParentEvents {
  readonly events: CacheEvents;
  /** The events of what a child shares with its parent: they are the parent's. */
  readonly shared: readonly CacheEventName[];
}

/** The events of one cache, for listeners in the program and for subscribers of `node:diagnostics_channel`. */
export class CacheEvents {
  readonly #lines: { readonly [N in CacheEventName]: EventLine<N> };
  readonly #shared: readonly CacheEventName[];
  /** Ends the listeners that this child has at lines of its parent. */
  readonly #stopsAtParent = new Set<() => void>();

  constructor(logger: GuardedLogger, namespace: string | undefined, parent?: ParentEvents) {
    const lines = (Object.keys(NAMES) as CacheEventName[]).map((name) => {
      const above = parent?.events.line(name);
      return [name, above && parent?.shared.includes(name) ? above : new EventLine(name, logger, namespace, above)];
    });
    this.#lines = Object.fromEntries(lines) as { [N in CacheEventName]: EventLine<N> };
    this.#shared = parent?.shared ?? [];
  }

  /** @returns what ends it. @throws CacheConfigError for a name that is none, or a listener that is no function. */
  on<N extends CacheEventName>(
    name: N,
    listener: CacheListener<N>,
    { children = false }: ChildrenOption = {},
  ): () => void {
    if (!Object.hasOwn(NAMES, name)) {
      const given = typeof name === 'string' ? `"${String(name).slice(0, 64)}"` : kindOf(name);
      throw new CacheConfigError([`there is no event ${given}; the events are ${Object.keys(NAMES).join(', ')}`]);
    }
    if (typeof listener !== 'function')
      throw new CacheConfigError([`the listener must be a function; got ${kindOf(listener)}`]);
    const end = this.line(name).add(listener, children);
    if (!this.#shared.includes(name)) return end;
    const stop = () => {
      this.#stopsAtParent.delete(stop);
      end();
    };
    this.#stopsAtParent.add(stop);
    return stop;
  }

  /** A child that is closed leaves nothing at its parent. */
  close(): void {
    for (const stop of this.#stopsAtParent) stop();
  }

  /** Never throws: whatever a listener does, it fails no read (P4). */
  emit<N extends CacheEventName>(name: N, payload: CacheEventMap[N]): void {
    this.line(name).emit(payload);
  }

  line<N extends CacheEventName>(name: N): EventLine<N> {
    return this.#lines[name];
  }
}

interface Registration<N extends CacheEventName> {
  readonly listener: CacheListener<N>;
  /** Does it also hear the children? */
  readonly children: boolean;
  hasFailed: boolean;
}

/** One event of one cache, and who hears it. */
export class EventLine<N extends CacheEventName> {
  readonly #name: N;
  readonly #logger: GuardedLogger;
  readonly #namespace: string | undefined;
  readonly #channel: Channel;
  /** That of the parent. */
  readonly #above: EventLine<N> | undefined;
  /** Replaced, never changed: listeners may come and go while one is being called. */
  #registrations: readonly Registration<N>[] = [];

  constructor(name: N, logger: GuardedLogger, namespace: string | undefined, above?: EventLine<N>) {
    this.#name = name;
    this.#above = above;
    this.#logger = logger;
    this.#namespace = namespace;
    this.#channel = channel(`huntly:cache:${name}`);
  }

  /** Ask it before a payload is built: most events of most caches have no listener. */
  get isHeard(): boolean {
    return this.#registrations.length > 0 || this.#channel.hasSubscribers || this.#isHeardAbove();
  }

  add(listener: CacheListener<N>, children = false): () => void {
    const registration: Registration<N> = { listener, children, hasFailed: false };
    this.#registrations = [...this.#registrations, registration];
    return () => {
      this.#registrations = this.#registrations.filter((other) => other !== registration);
    };
  }

  emit(payload: CacheEventMap[N]): void {
    for (const registration of this.#registrations) this.#call(registration, payload);
    if (this.#channel.hasSubscribers) this.#channel.publish({ namespace: this.#namespace, ...payload });
    for (let line = this.#above; line !== undefined; line = line.#above) {
      for (const registration of line.#registrations) if (registration.children) line.#call(registration, payload);
    }
  }

  #isHeardAbove(): boolean {
    for (let line = this.#above; line !== undefined; line = line.#above) {
      if (line.#registrations.some(({ children }) => children)) return true;
    }
    return false;
  }

  /** An asynchronous listener is not waited for, but its rejection must not end the process. */
  #call(registration: Registration<N>, payload: CacheEventMap[N]): void {
    const failed = (error: unknown) => {
      if (registration.hasFailed) return;
      registration.hasFailed = true;
      this.#logger.error({ err: error, event: this.#name }, 'a listener failed; said once for each listener');
    };
    try {
      const result: unknown = registration.listener(payload);
      ignoreRejection(result, failed);
    } catch (error) {
      failed(error);
    }
  }
}
