import { describe, expect, it } from 'vitest';
import { type CacheTypeOptions, createCache } from '../../src/index.ts';

/** The warnings of a cache with one type of these options. */
function warningsOf(lead: Omit<CacheTypeOptions, 'ttl'>): readonly unknown[] {
  const warnings: unknown[] = [];
  const logger = { debug() {}, info() {}, warn: (...line: unknown[]) => void warnings.push(line), error() {} };
  const cache = createCache({ types: { lead: { ttl: '1h', ...lead } }, logger });
  cache.child('acme'); // says nothing again
  return warnings;
}

describe('settings of a type that are most likely a mistake', () => {
  it('a softTimeout without grace', () => {
    expect(warningsOf({ softTimeout: '100ms' })).toEqual([
      [{ type: 'lead' }, expect.stringContaining('softTimeout does nothing without grace')],
    ]);
    expect(warningsOf({ softTimeout: '100ms', grace: '1m' })).toEqual([]);
  });

  it('a lease that outlasts the wait for it', () => {
    const warning = 'lease (10000 ms) is longer than wait (5000 ms)';
    expect(warningsOf({ lease: '10s' })).toEqual([[{ type: 'lead' }, expect.stringContaining(warning)]]);
    expect(warningsOf({ wait: '1s' })).toHaveLength(1);
    expect(warningsOf({ lease: '10s', wait: '20s' })).toEqual([]);
    expect(warningsOf({ wait: 0 })).toEqual([]);
  });

  it('the defaults say nothing', () => {
    expect(warningsOf({})).toEqual([]);
  });
});
