import { describe, expect, it, vi } from 'vitest';
import { CacheConfigError, createCache, createCacheManager, systemClock, toMilliseconds } from '../../src/index.ts';

/** What no timer holds went off at once; what is no number was never over. */
describe('durations without bounds', () => {
  it('no timer goes off at once because it is set for long', () => {
    vi.useFakeTimers();
    try {
      const after = vi.spyOn(globalThis, 'setTimeout');
      after.mockRestore();
      let isOver = false;
      const stop = systemClock.after(25 * 24 * 60 * 60 * 1000, () => {
        isOver = true;
      });
      vi.advanceTimersByTime(1_000);
      stop();
      expect(isOver).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  const bad = ['25h', '60d', Number.NaN, -1, 0, Number.POSITIVE_INFINITY, '1y', '', null, '1e9d', {}] as never[];

  it.each(['lease', 'wait', 'backoff', 'softTimeout', 'hardTimeout'] as const)('%s of a type: at most 1h', (name) => {
    const make = (value: never) => createCache({ types: { lead: { ttl: '1m', [name]: value } }, logger: false });
    for (const value of bad.filter((value) => !(value === 0 && name !== 'lease' && name !== 'hardTimeout')))
      expect(() => make(value), String(value)).toThrow(CacheConfigError);
    expect(() => make('1h' as never)).not.toThrow();
  });

  it.each(['ttl', 'negativeTtl', 'grace'] as const)('%s of a type: at most a hundred years', (name) => {
    const make = (value: never) => createCache({ types: { lead: { ttl: '1m', [name]: value } }, logger: false });
    for (const value of ['36501d', '5300w', '99999999999999999999d', Number.NaN] as never[])
      expect(() => make(value), String(value)).toThrow(CacheConfigError);
    expect(() => make('36500d' as never)).not.toThrow();
  });

  it('of one call', async () => {
    const cache = createCache({ types: { lead: { ttl: '1m' } }, logger: false });
    const lead = cache.type('lead');
    for (const options of [
      { ttl: '40000d' },
      { ttl: Number.NaN },
      { grace: '40000d' },
      { grace: Number.NaN },
    ] as never[])
      await expect(lead.set('1', 'x', options)).rejects.toThrow(CacheConfigError);
  });

  it('of a cache and its popular searches', () => {
    const make = (options: object) => createCacheManager({ logger: false, ...options });
    for (const options of [
      { storeBudget: '2m' },
      { storeBudget: Number.NaN },
      { defaultTtl: '40000d' },
      { defaultTtl: false },
      { popularSearches: { halfLife: Number.NaN } },
      { popularSearches: { halfLife: '40000d' } },
    ])
      expect(() => make(options), JSON.stringify(options)).toThrow(CacheConfigError);
  });

  it.each([
    [{ timeoutMs: Number.NaN }, 'timeoutMs must be a number of milliseconds from 1 to 3600000; got the number NaN'],
    [{ timeoutMs: 25 * 24 * 3_600_000 }, 'timeoutMs must be'],
    [{ timeoutMs: 0 }, 'timeoutMs must be'],
    [{ timeoutMs: -1 }, 'timeoutMs must be'],
    [{ timeoutMs: '1s' }, 'timeoutMs must be'],
    [{ limits: { latencyMs: Number.NaN } }, 'limits.latencyMs must be a number from 0 on'],
    [{ limits: { latency: 1 } }, 'limits.latency is no limit'],
    [{ required: 'yes' }, 'required must be true or false'],
    [{ timeout: 1 }, 'timeout is no option of healthCheck'],
  ])('of healthCheck: %o', async (options, problem) => {
    const cache = createCache({ types: {}, logger: false });
    await expect(cache.healthCheck(options as never)).rejects.toThrow(problem);
  });

  it('says what is too long, and how long it may be', () => {
    expect(() => toMilliseconds('timeout', '25d', '1h')).toThrow('timeout must be at most "1h"; got "25d"');
    expect(() => toMilliseconds('ttl', '40000d')).toThrow('ttl must be at most "36500d"; got "40000d"');
  });
});
