import type { Clock } from '../clock.ts';
import type { CacheEventName, CacheEvents, EventLine, HitEvent, KeyEvent } from './events.ts';
import { LatencyRecorder, type Timed } from './latency.ts';
import { type GuardedLogger, loggableKey } from './logger.ts';
import { type CounterName, hitRatioOf, type TypeCounters, type TypeStats } from './stats.ts';

/** What stands for a counter elsewhere: the words of its debug line, and its event. */
interface Sign {
  readonly message: string;
  readonly event: CacheEventName;
  readonly tell: (events: CacheEvents, subject: KeyEvent, error: unknown) => void;
}

const hit = (message: string, tier: HitEvent['tier']): Sign => ({
  message,
  event: 'hit',
  tell: (events, subject) => events.emit('hit', { ...subject, tier }),
});

type PlainName = 'miss' | 'loadBegan' | 'refresh' | 'coalesced' | 'stored' | 'refused' | 'skipped';
const plain = (message: string, event: PlainName): Sign => ({
  message,
  event,
  tell: (events, subject) => events.emit(event, subject),
});

type TroubleName = 'loadError' | 'loadTimeout' | 'uncacheable' | 'unreadable' | 'storeError';
const trouble = (message: string, event: TroubleName): Sign => ({
  message,
  event,
  tell: (events, subject, error) => events.emit(event, { ...subject, error }),
});

/** One a counter, so that logs, events and statistics never disagree. */
const SIGNS: Readonly<Record<CounterName, Sign>> = {
  hits: hit('hit', 'store'),
  localHits: hit('hit in this process', 'local'),
  stale: hit('stale', 'stale'),
  misses: plain('miss', 'miss'),
  degraded: hit('what was seen last, as nothing else answers', 'degraded'),
  loads: plain('load began', 'loadBegan'),
  loadErrors: trouble('load failed', 'loadError'),
  loadTimeouts: trouble('load took too long', 'loadTimeout'),
  refreshes: plain('refresh began', 'refresh'),
  coalesced: plain('waiting for a load of this cache', 'coalesced'),
  stored: plain('stored', 'stored'),
  refused: plain('fill refused: invalidated since the load began', 'refused'),
  uncacheable: trouble('not cached', 'uncacheable'),
  skipped: plain('not cached: the loader skipped it', 'skipped'),
  unreadable: trouble('stored value unreadable', 'unreadable'),
  storeErrors: trouble('store did not answer', 'storeError'),
};

/** Found by one look-up: `count` is on the way of every read. */
interface Tally {
  count: number;
  /** Of the children of the cache, and below. */
  below: number;
  readonly above: Tally | undefined;
  readonly sign: Sign;
  readonly line: EventLine<CacheEventName>;
}

export interface TypeObserverParts {
  readonly type: string;
  readonly logger: GuardedLogger;
  readonly events: CacheEvents;
  /** Are latencies recorded? */
  readonly latency: boolean;
  /** That of the same type of the parent. */
  readonly above?: TypeObserver | undefined;
}

/** The one place that learns what happens to one type: it counts, logs, and emits events to listeners. */
export class TypeObserver {
  readonly #parts: TypeObserverParts;
  readonly #tallies: Readonly<Record<CounterName, Tally>>;
  readonly #localHits: Tally;
  readonly #bytes = { read: 0, written: 0, readBelow: 0, writtenBelow: 0 };
  readonly #latency: LatencyRecorder | undefined;
  /** Of the children of the cache, and below. */
  #below: LatencyRecorder | undefined;

  constructor(parts: TypeObserverParts) {
    this.#parts = parts;
    const { events, above } = parts;
    const tallyAbove = (name: CounterName) => (above === undefined ? undefined : above.#tallies[name]);
    this.#tallies = mapValues(SIGNS, (sign, name) => {
      return { count: 0, below: 0, above: tallyAbove(name), sign, line: events.line(sign.event) };
    });
    this.#localHits = this.#tallies.localHits;
    this.#latency = parts.latency ? new LatencyRecorder() : undefined;
  }

  /**
   * Without listeners it costs an addition and two checks. `error` is for the events of trouble: what was thrown, if
   * anything was.
   */
  count(what: CounterName, key: string, error?: unknown): void {
    this.#add(this.#tallies[what], key, error);
  }

  /** `count('localHits', key)` without the look-up, as nothing else in a hit of this process takes as long. */
  countLocalHit(key: string): void {
    this.#add(this.#localHits, key, undefined);
  }

  #add(tally: Tally, key: string, error: unknown): void {
    tally.count++;
    for (let above = tally.above; above !== undefined; above = above.above) above.below++;
    if (tally.line.isHeard) tally.sign.tell(this.#parts.events, { type: this.#parts.type, key }, error);
    const { logger } = this.#parts;
    if (logger.isLevelEnabled('debug'))
      logger.debug({ type: this.#parts.type, key: loggableKey(key) }, tally.sign.message);
  }

  /** A load gave a value. */
  loaded(key: string, loadMs: number): void {
    this.time('load', loadMs);
    const { type, events } = this.#parts;
    if (events.line('load').isHeard) events.emit('load', { type, key, loadMs });
  }

  /** A value was made stale on purpose. */
  expired(key: string): void {
    const { type, events, logger } = this.#parts;
    if (events.line('expired').isHeard) events.emit('expired', { type, key });
    if (logger.isLevelEnabled('debug')) logger.debug({ type, key: loggableKey(key) }, 'expired');
  }

  countBytes(direction: 'read' | 'written', bytes: number): void {
    this.#bytes[direction] += bytes;
    const below = direction === 'read' ? 'readBelow' : 'writtenBelow';
    for (let { above } = this.#parts; above !== undefined; above = above.#parts.above) above.#bytes[below] += bytes;
  }

  /** Times what succeeds; without the option it asks no clock. */
  timed<T>(what: Timed, clock: Clock, work: () => Promise<T>): Promise<T> {
    if (!this.#latency) return work();
    const beganAt = clock.now();
    return work().then((result) => {
      this.time(what, clock.now() - beganAt);
      return result;
    });
  }

  time(what: Timed, ms: number): void {
    if (!this.#latency) return;
    this.#latency.record(what, ms);
    for (let { above } = this.#parts; above !== undefined; above = above.#parts.above) above.#recordBelow(what, ms);
  }

  #recordBelow(what: Timed, ms: number): void {
    this.#below ??= new LatencyRecorder();
    this.#below.record(what, ms);
  }

  stats({ children = false } = {}): TypeStats {
    const counters: TypeCounters = mapValues(this.#tallies, ({ count, below }) => (children ? count + below : count));
    const { read, written, readBelow, writtenBelow } = this.#bytes;
    return {
      ...counters,
      bytesRead: children ? read + readBelow : read,
      bytesWritten: children ? written + writtenBelow : written,
      hitRatio: hitRatioOf(counters),
      latency: this.#latency?.summary(children ? this.#below : undefined),
    };
  }
}

function mapValues<V, W>(
  record: Readonly<Record<CounterName, V>>,
  map: (value: V, name: CounterName) => W,
): Record<CounterName, W> {
  const entries = Object.entries(record).map(([name, value]) => [name, map(value, name as CounterName)]);
  return Object.fromEntries(entries) as Record<CounterName, W>;
}
