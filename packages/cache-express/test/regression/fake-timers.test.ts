import { createCache, memoryStore } from '@huntly/cache-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheResponse, healthRoute } from '../../src/index.ts';
import { serve, VERSIONS } from '../support/serve.ts';

/**
 * With the timers of a test runner in their place, a request waited for a timer that nobody moves, and so did every
 * later one.
 */
describe.each(VERSIONS)('fake timers, on %s', (_name, express) => {
  afterEach(() => void vi.useRealTimers());

  /**
   * What vitest replaces by default, and what Jest does; but for `nextTick`, which Jest replaces on a `process` that
   * Node itself does not use.
   */
  const vitest = undefined;
  const jest = [
    'Date',
    'hrtime',
    'performance',
    'queueMicrotask',
    'setImmediate',
    'clearImmediate',
    'setInterval',
    'clearInterval',
    'setTimeout',
    'clearTimeout',
  ] as const;

  it.each([
    ['vitest', vitest],
    ['Jest', jest],
  ])('of %s: requests are answered', async (_runner, toFake) => {
    const cache = createCache({ types: {}, logger: false, store: memoryStore(), latency: true });
    let runs = 0;
    const app = express();
    app.get('/x', cacheResponse({ cache, ttl: '1m', grace: '1m' }), (_req, res) => void res.send(`run ${++runs}`));
    app.post('/x', cacheResponse({ cache, ttl: '1m' }), (_req, res) => void res.sendStatus(204));
    app.get('/health', healthRoute(cache).ready);
    const { ask } = await serve(app);
    vi.useFakeTimers(toFake ? { toFake: [...toFake] } : {});
    expect((await ask('/x')).text).toBe('run 1');
    expect((await ask('/x')).cache).toContain('hit');
    expect((await ask('/x', { method: 'POST' })).status).toBe(204);
    expect((await ask('/x')).text).toBe('run 2');
    expect((await ask('/health')).status).toBe(200);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect((await ask('/x')).headers.age).toBe('0'); // time is that of the machine, or of `clock`
    vi.useRealTimers();
    expect((await ask('/x')).cache).toContain('hit');
  });

  it('of before the package is loaded: also afterwards', async () => {
    vi.useFakeTimers({ toFake: [...jest] });
    vi.resetModules();
    const core = await import('@huntly/cache-core');
    const late = await import('../../src/index.ts');
    vi.useRealTimers();
    const cache = core.createCache({ types: {}, logger: false, store: core.memoryStore() });
    const app = express();
    app.get('/x', late.cacheResponse({ cache, ttl: '1m' }), (_req, res) => void res.send('x'));
    const { ask } = await serve(app);
    vi.useFakeTimers({ toFake: [...jest] });
    expect((await ask('/x')).text).toBe('x');
    vi.useRealTimers();
    expect((await ask('/x')).cache).toContain('hit');
  });
});
