import { type Cache, type CacheHealth, createCache, createCacheManager } from '@huntly/cache-core';
import { FakeClock } from '@huntly/cache-core/testing';
import type { ErrorRequestHandler } from 'express';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { cacheResponse, healthRoute, statsRoute } from '../src/index.ts';
import { metricsRoute } from '../src/metrics-route.ts';
import { serve, VERSIONS } from './support/serve.ts';

const health = (more: Partial<CacheHealth> = {}): CacheHealth =>
  ({
    status: 'pass',
    store: { state: 'ready' },
    latencyMs: 1.5,
    report: { kind: 'redis', entries: 7, bytes: 100, evictedPerSecond: 0, hitRatio: 0.5 },
    findings: [],
    guard: { breaker: { state: 'closed', deadlines: 0 }, journal: 0 },
    channel: undefined,
    ...more,
  }) as CacheHealth;
const down = (reason: string) =>
  health({ status: 'warn', store: { state: 'down', reason }, latencyMs: undefined, report: undefined });

const OPEN = { state: 'open' } as unknown as NonNullable<CacheHealth['guard']>['breaker'];

/**
 * What may become of a store, and what the three handlers say of it: status, and code of an optional and a required
 * cache.
 */
const MATRIX: readonly [string, () => Promise<CacheHealth>, string, string][] = [
  ['up', async () => health(), 'pass', 'pass'],
  ['slow', () => new Promise(() => {}), 'warn', 'fail'],
  ['down', async () => down('ECONNREFUSED 10.1.2.3'), 'warn', 'fail'],
  ['loading', async () => down('LOADING'), 'warn', 'fail'],
  ['read-only', async () => down('the server is a read-only replica'), 'warn', 'fail'],
  ['out of memory', async () => health({ status: 'warn' }), 'warn', 'warn'],
  ['no right to INFO', async () => health({ report: { kind: 'redis' } }), 'pass', 'pass'],
  ['broken', () => Promise.reject(new Error('secret')), 'warn', 'fail'],
];

describe.each(VERSIONS)('routes on %s', (_name, express) => {
  async function open(healthCheck: () => Promise<CacheHealth>, options: Parameters<typeof healthRoute>[1] = {}) {
    const route = healthRoute({ healthCheck } as Cache, { deadline: '10ms', ...options });
    const app = express();
    app.all('/', route);
    app.all('/live', route.live);
    app.all('/ready', route.ready);
    app.all('/detail', route.detail);
    return serve(app);
  }

  describe.each(MATRIX)('health, store %s', (_state, healthCheck, optional, required) => {
    it.each([
      [false, optional],
      [true, required],
    ])('required: %s → %s; liveness never flips', async (isRequired, status) => {
      const { ask } = await open(healthCheck, { required: isRequired, details: () => true });
      const code = status === 'fail' ? 503 : 200;
      expect(await ask('/live')).toMatchObject({ status: 200, text: '{"status":"pass"}' });
      expect(await ask('/ready')).toMatchObject({ status: code, text: `{"status":"${status}"}` });
      const detail = await ask('/detail');
      expect(detail.status).toBe(code);
      expect(JSON.parse(detail.text)).toMatchObject({ status, version: '1', checks: expect.anything() as unknown });
      expect(detail.text).not.toMatch(/10\.1\.2\.3|secret/);
      expect((await ask('/')).text).toBe(detail.text);
    });
  });

  it('health: the head of every answer, and 405 for other methods', async () => {
    const { ask } = await open(async () => health());
    for (const path of ['/', '/live', '/ready', '/detail']) {
      const { headers } = await ask(path);
      expect(headers['content-type']).toMatch(/^application\/health\+json/);
      expect(headers['cache-control']).toBe('no-store');
      expect(await ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
      const refused = await ask(path, { method: 'POST' });
      expect(refused).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
    }
  });

  it('health: details for whom `details` allows, and for nobody without it', async () => {
    const details = (req: { headers: { authorization?: string | undefined } }) => req.headers.authorization === 'admin';
    const { ask } = await open(async () => health(), { details, serviceId: 'api', description: 'the cache' });
    expect((await ask('/')).text).toBe('{"status":"pass"}');
    const { text } = await ask('/', { headers: { authorization: 'admin' } });
    expect(JSON.parse(text)).toMatchObject({
      status: 'pass',
      serviceId: 'api',
      description: 'the cache',
      checks: {
        'redis:responseTime': [{ observedValue: 1.5, observedUnit: 'ms', status: 'pass' }],
        'redis:connection': [{ observedValue: 'ready', status: 'pass' }],
        'redis:entries': [{ observedValue: 7 }],
        'redis:size': [{ observedValue: 100, observedUnit: 'bytes' }],
        'redis:evicted': [{ observedValue: 0, observedUnit: 'per second' }],
        'redis:hitRatio': [{ observedValue: 0.5, observedUnit: 'ratio' }],
        'cache:breaker': [{ observedValue: 'closed', status: 'pass' }],
      },
    });
    expect((await (await open(async () => health())).ask('/detail')).text).toBe('{"status":"pass"}');
  });

  it('health: a store that is not connected has no response time; one that does not answer has the time waited', async () => {
    const timeOf = async (healthCheck: () => Promise<CacheHealth>) => {
      const { ask } = await open(healthCheck, { details: () => true });
      const { checks } = JSON.parse((await ask('/')).text) as { checks: Record<string, [Record<string, unknown>]> };
      const { time: _time, ...found } = checks['store:responseTime']?.[0] ?? {};
      return found;
    };
    const base = { componentType: 'datastore', status: 'fail' };
    expect(await timeOf(async () => down('ECONNREFUSED'))).toEqual({ ...base, output: 'not connected' });
    const waited = {
      ...base,
      output: 'no answer in time',
      observedValue: expect.any(Number) as number,
      observedUnit: 'ms',
    };
    expect(await timeOf(() => new Promise(() => {}))).toEqual(waited);
    expect(await timeOf(async () => health({ latencyMs: undefined, report: undefined }))).toEqual(waited);
  });

  it('health: a required cache that no probe has found up is down at once, though it was ready before', async () => {
    const { ask } = await open(async () => down('ECONNREFUSED'), { required: true });
    expect((await ask('/ready')).status).toBe(503);
  });

  it('health: findings are notes, an open breaker is a warning', async () => {
    const finding = { code: 'no_memory_limit', message: 'There is no limit.', remedy: 'Set one.' };
    const found = health({ status: 'warn', findings: [finding], guard: { breaker: OPEN, journal: 1 } });
    const { ask } = await open(async () => found, { details: () => true });
    expect(JSON.parse((await ask('/')).text)).toMatchObject({
      status: 'warn',
      notes: ['no_memory_limit: There is no limit. Set one.'],
      checks: { 'cache:breaker': [{ observedValue: 'open', status: 'warn' }] },
    });
  });

  it('health: a flood of probes asks the store once, and again after a while', async () => {
    const clock = new FakeClock();
    const healthCheck = vi.fn(async () => health());
    const { ask } = await open(healthCheck, { clock, remember: '2s' });
    await Promise.all(Array.from({ length: 20 }, () => ask('/ready')));
    await clock.advance(1_999);
    await ask('/detail');
    expect(healthCheck).toHaveBeenCalledTimes(1);
    await clock.advance(1);
    await ask('/ready');
    expect(healthCheck).toHaveBeenCalledTimes(2);
  });

  it('health: one bad probe of a required cache that was up is a warning, the second takes the service away', async () => {
    const clock = new FakeClock();
    let found = health();
    const { ask } = await open(async () => found, { clock, required: true, remember: '2s' });
    const next = async () => {
      await clock.advance(2_000);
      const { status, text } = await ask('/ready');
      return [status, (JSON.parse(text) as { status: string }).status];
    };
    expect(await next()).toEqual([200, 'pass']);
    found = down('ECONNREFUSED');
    expect(await next()).toEqual([200, 'warn']);
    await ask('/ready'); // remembered, and not counted
    expect(await next()).toEqual([503, 'fail']);
    found = health();
    expect(await next()).toEqual([200, 'pass']);
    found = down('ECONNREFUSED');
    expect(await next()).toEqual([200, 'warn']);
    expect(() => healthRoute({} as Cache, { failAfter: 0 })).toThrow(/failAfter must be a whole number above 0/);
  });

  it('health of a plain cache and of a manager, as they are', async () => {
    for (const cache of [createCache({ types: {}, logger: false }), createCacheManager({ logger: false, env: {} })]) {
      const app = express();
      app.get('/', healthRoute(cache, { details: () => true }));
      const { ask } = await serve(app);
      expect(JSON.parse((await ask('/')).text)).toMatchObject({
        status: 'pass',
        checks: { 'memory:responseTime': [{}] },
      });
    }
  });

  it('`details` and `allow` that throw end no process: the status alone, with one warning, and the error', async () => {
    const isAdmin = (req: object) => (req as { user: { isAdmin: boolean } }).user.isAdmin;
    const cache = createCache({ types: {}, logger: false });
    const warn = vi.fn();
    const app = express();
    const logger = { ...cache.logger, warn } as typeof cache.logger;
    app.get('/health', healthRoute({ healthCheck: async () => health(), logger }, { details: isAdmin }));
    app.get('/stats', statsRoute(cache, { allow: isAdmin }));
    app.use(((_error, _req, res, _next) => res.status(500).end('handled')) as ErrorRequestHandler);
    const { ask } = await serve(app);
    for (const again of [1, 2])
      expect(await ask('/health'), String(again)).toMatchObject({ status: 200, text: '{"status":"pass"}' });
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await ask('/stats')).toMatchObject({ status: 500, text: 'handled' });
  });

  it('stats: getCacheStats of a manager and the traffic of its routes; 403 for others', async () => {
    const cache = createCacheManager({ logger: false, env: {} });
    const app = express();
    app.get('/leads/:id', cacheResponse({ cache, ttl: '5m' }), (_req, res) => res.send('x'));
    app.all('/stats', statsRoute(cache));
    app.get('/closed', statsRoute(cache, { allow: () => false }));
    app.get('/plain', statsRoute(createCache({ types: { lead: { ttl: '1h' } }, logger: false })));
    const { ask } = await serve(app);
    await ask('/leads/1');
    await ask('/leads/1');
    const stats = await ask('/stats');
    expect(JSON.parse(stats.text)).toMatchObject({
      popularSearches: [],
      health: { status: 'pass' },
      types: { http: { hits: 1, misses: 1, stored: 1 } },
      routes: [
        { route: '/leads/:id', result: 'miss', count: 1 },
        { route: '/leads/:id', result: 'hit', count: 1 },
      ],
    });
    expect(stats.headers['cache-control']).toBe('no-store');
    expect(await ask('/closed')).toMatchObject({ status: 403, text: '' });
    expect((await ask('/stats', { method: 'DELETE' })).status).toBe(405);
    expect(JSON.parse((await ask('/plain')).text)).toMatchObject({
      health: { status: 'pass' },
      types: { lead: { hits: 0 } },
    });
  });

  it('metrics: Prometheus text by type, route and result, and no key or URL in it', async () => {
    const cache = createCache({ types: {}, logger: false });
    const app = express();
    app.get('/leads/:id', cacheResponse({ cache, ttl: '5m' }), (req, res) =>
      res.set('Cache-Control', req.params['id'] === 'private' ? 'private' : 'public').send('x'),
    );
    app.post('/leads/:id', cacheResponse({ cache, ttl: '5m' }), (_req, res) => res.sendStatus(204));
    app.all('/metrics', metricsRoute(cache));
    const { ask } = await serve(app);
    for (const path of ['/leads/secret1', '/leads/secret1', '/leads/private']) await ask(path);
    await ask('/leads/secret1', { method: 'POST' });
    await cache.invalidatePattern('http:*');
    for (const again of [1, 2]) {
      const { text, headers } = await ask('/metrics');
      expect(headers['content-type'], String(again)).toMatch(/^text\/plain/);
      const lines = text.split('\n').map((line) => line.trim());
      for (const line of [
        'cache_gets_total{cache="http",result="hit"} 1',
        'cache_gets_total{cache="http",result="miss"} 2',
        'cache_puts_total{cache="http"} 1',
        'http_cache_requests_total{route="/leads/:id",result="hit"} 1',
        'http_cache_requests_total{route="/leads/:id",result="miss"} 2',
        'http_cache_skipped_total{route="/leads/:id",reason="cache-control"} 1',
        'http_cache_requests_total{route="/leads/:id",result="bypass"} 1',
        'http_cache_store_seconds_count{op="read"} 3',
        'http_cache_store_seconds_count{op="invalidate"} 1',
        'http_cache_body_bytes_count{route="/leads/:id"} 1',
        'http_cache_body_bytes_sum{route="/leads/:id"} 1',
        'cache_purges_total{kind="tag"} 2' /* its path, and what was not found below it */,
        'cache_purges_total{kind="pattern"} 1',
        'cache_up 1',
      ])
        expect(lines).toContain(line);
      expect(text).not.toMatch(/secret1|[0-9a-f]{64}/);
    }
    expect((await ask('/metrics', { method: 'POST' })).status).toBe(405);
  });

  it('metrics: into a registry that is there', async () => {
    const registry = new Registry();
    metricsRoute(createCache({ types: {}, logger: false }), { registry });
    expect(await registry.metrics()).toContain('cache_up 1');
  });
});
