import { type Cache, CacheConfigError, type InvalidatedEvent, type TypeStats } from '@huntly/cache-core';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { trafficOf } from './traffic.ts';

/** The bounds that OpenTelemetry gives for clients of a database. */
const STORE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
const BODY_BYTES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const NAME = 'name';

type Labels = Readonly<Record<string, string>>;
type Row = readonly [labels: Labels, count: number];
export type MeteredCache = Pick<Cache, 'healthCheck' | 'on' | 'stats'>;

/** The metrics of all caches that share a registry and a prefix. */
export class CacheMetrics {
  readonly #registry: Registry;
  readonly #prefix: string;
  readonly #caches = new Map<MeteredCache, Labels>();
  readonly #purges: Counter;
  readonly #storeSeconds: Histogram;
  readonly #bodyBytes: Histogram;

  /** @throws CacheConfigError where the registry has metrics of these names that are not ours */
  constructor(registry: Registry, prefix: string) {
    this.#registry = registry;
    this.#prefix = prefix;
    if (registry.getSingleMetric(`${prefix}cache_up`)) {
      throw new CacheConfigError([
        `the registry of metricsRoute has a metric "${prefix}cache_up" already: give metricsRoute another prefix`,
      ]);
    }
    this.#countTypes('cache_gets_total', 'Reads of the cache', ['result'], ({ hits, localHits, stale, misses }) => [
      [{ result: 'hit' }, hits],
      [{ result: 'local_hit' }, localHits],
      [{ result: 'stale' }, stale],
      [{ result: 'miss' }, misses],
    ]);
    this.#countTypes('cache_puts_total', 'Values stored', [], ({ stored }) => [[{}, stored]]);
    this.#countTypes('cache_loads_total', 'Loads begun', [], ({ loads }) => [[{}, loads]]);
    this.#countTypes('cache_load_errors_total', 'Loads that failed', [], ({ loadErrors }) => [[{}, loadErrors]]);
    this.#countTypes('cache_store_errors_total', 'Times the store did not answer', [], ({ storeErrors }) => [
      [{}, storeErrors],
    ]);
    this.#count('http_cache_requests_total', 'Requests to cached routes', ['route', 'result'], (cache) =>
      Array.from(trafficOf(cache).results(), ({ route, result, count }): Row => [{ route, result }, count]),
    );
    this.#count('http_cache_skipped_total', 'Responses that were not stored', ['route', 'reason'], (cache) =>
      Array.from(trafficOf(cache).skipped(), ({ route, reason, count }): Row => [{ route, reason }, count]),
    );
    const told = (name: string, help: string, labelNames: readonly string[]) => ({
      name: prefix + name,
      help,
      labelNames: [NAME, ...labelNames],
      registers: [registry],
    });
    this.#purges = new Counter(told('cache_purges_total', 'Invalidations, by what they were for', ['kind']));
    const storeHelp = 'How long requests to cached routes waited for the cache, without their handlers';
    this.#storeSeconds = new Histogram({
      ...told('http_cache_store_seconds', storeHelp, ['op']),
      buckets: STORE_SECONDS,
    });
    this.#bodyBytes = new Histogram({
      ...told('http_cache_body_bytes', 'Bodies of responses that went to the store', ['route']),
      buckets: BODY_BYTES,
    });
    const caches = this.#caches;
    new Gauge({
      ...told('cache_up', 'Whether the store of the cache answers', []),
      async collect() {
        for (const [cache, labels] of caches) {
          const { store } = await cache.healthCheck();
          this.set(labels, store.state === 'ready' ? 1 : 0);
        }
      },
    });
  }

  /**
   * @throws CacheConfigError if another cache has this name, or no name as well: their counts could not be told apart
   */
  add(cache: MeteredCache, name: string | undefined): void {
    const labels: Labels = name === undefined ? {} : { [NAME]: name };
    if ([...this.#caches.values()].some((taken) => taken[NAME] === name)) {
      const which = name === undefined ? 'without a name' : `with the name "${name}"`;
      throw new CacheConfigError([
        `the registry of metricsRoute has the metrics of a cache ${which} already: give each of its metricsRoute another name or prefix`,
      ]);
    }
    this.#caches.set(cache, labels);
    const purged = ({ targets }: InvalidatedEvent) => {
      for (const { kind } of targets) this.#purges.inc({ ...labels, kind });
    };
    cache.on('invalidated', purged, { children: true });
    trafficOf(cache).measure({
      store: (op, ms) => this.#storeSeconds.observe({ ...labels, op }, ms / 1000),
      body: (route, bytes) => this.#bodyBytes.observe({ ...labels, route }, bytes),
    });
  }

  #countTypes(name: string, help: string, labelNames: readonly string[], rows: (stats: TypeStats) => Row[]): void {
    this.#count(name, help, ['cache', ...labelNames], (cache) =>
      Object.entries<TypeStats>(cache.stats({ children: true })).flatMap(([type, stats]) =>
        rows(stats).map(([labels, count]): Row => [{ cache: type, ...labels }, count]),
      ),
    );
  }

  /** A counter of what each cache has counted itself. */
  #count(
    name: string,
    help: string,
    labelNames: readonly string[],
    rows: (cache: MeteredCache) => Iterable<Row>,
  ): void {
    const caches = this.#caches;
    new Counter({
      name: this.#prefix + name,
      help,
      labelNames: [NAME, ...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset(); // the cache counts; this shows
        for (const [cache, own] of caches)
          for (const [labels, count] of rows(cache)) this.inc({ ...own, ...labels }, count);
      },
    });
  }
}
