import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterSettings, jitteredBackoff, serverSettings } from '../../src/connection/ioredis-options.ts';
import { targetOf } from '../../src/connection/target.ts';

describe('jitteredBackoff', () => {
  it('doubles up to half a second, with half of it left to chance', () => {
    const least = jitteredBackoff(() => 0);
    const most = jitteredBackoff(() => 1);
    expect([1, 2, 3, 6, 7, 1_000].map(least)).toEqual([25, 50, 100, 250, 250, 250]);
    expect([1, 2, 3, 6, 7, 1_000].map(most)).toEqual([50, 100, 200, 500, 500, 500]);
  });

  it('never gives up', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, random) => {
        const delay = jitteredBackoff(() => random)(attempt + 1);
        expect(Number.isInteger(delay) && delay > 0 && delay <= 500).toBe(true);
      }),
    );
  });
});

describe('settings', () => {
  const backoff = (): number => 1;

  it('leave it to the store to connect anew when the server has become a replica: once, not for each refused write', () => {
    const target = targetOf({ url: 'redis://h' });
    if (target.kind !== 'server') throw new Error(target.kind);
    expect(serverSettings(target, backoff)).not.toHaveProperty('reconnectOnError');
  });

  it('keep the host names of a Cluster with TLS, as its certificates name them', () => {
    const plain = targetOf({ cluster: ['h:1'] });
    const secure = targetOf({ cluster: ['h:1'], tls: true });
    if (plain.kind !== 'cluster' || secure.kind !== 'cluster') throw new Error(plain.kind);
    expect(clusterSettings(plain, backoff)).not.toHaveProperty('dnsLookup');
    let looked: unknown;
    clusterSettings(secure, backoff).dnsLookup?.('cache.example', (_, address) => {
      looked = address;
    });
    expect(looked).toBe('cache.example');
  });
});
