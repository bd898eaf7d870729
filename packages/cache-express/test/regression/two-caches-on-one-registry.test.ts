import { CacheConfigError, createCache } from '@huntly/cache-core';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { metricsRoute } from '../../src/metrics-route.ts';

const newCache = (type: string) => createCache({ types: { [type]: { ttl: '1m' } }, logger: false });

describe('caches that share a registry', () => {
  it('are told apart by their names', async () => {
    const registry = new Registry();
    const leads = newCache('lead');
    const reports = newCache('report');
    metricsRoute(leads, { registry, name: 'leads' });
    metricsRoute(reports, { registry, name: 'reports' });
    await leads.type('lead').set(1, 'Ada');
    await leads.invalidateTags(['lead']);
    const lines = (await registry.metrics()).split('\n');
    for (const line of [
      'cache_puts_total{name="leads",cache="lead"} 1',
      'cache_puts_total{name="reports",cache="report"} 0',
      'cache_purges_total{name="leads",kind="tag"} 1',
      'cache_up{name="leads"} 1',
      'cache_up{name="reports"} 1',
    ])
      expect(lines).toContain(line);
  });

  it('or by a prefix of their metrics', async () => {
    const registry = new Registry();
    metricsRoute(newCache('lead'), { registry });
    metricsRoute(newCache('report'), { registry, prefix: 'shop_' });
    const text = await registry.metrics();
    expect(text).toContain('\ncache_up 1');
    expect(text).toContain('\nshop_cache_up 1');
  });

  it('or refused with what would tell them apart', () => {
    const registry = new Registry();
    metricsRoute(newCache('lead'), { registry });
    expect(() => metricsRoute(newCache('report'), { registry })).toThrow(/another name or prefix/);
    metricsRoute(newCache('report'), { registry, name: 'reports' });
    expect(() => metricsRoute(newCache('search'), { registry, name: 'reports' })).toThrow(CacheConfigError);
  });

  it('a prefix that Prometheus would refuse is refused at once', () => {
    expect(() => metricsRoute(newCache('lead'), { prefix: 'no-dash' })).toThrow(/prefix must be letters/);
  });
});
