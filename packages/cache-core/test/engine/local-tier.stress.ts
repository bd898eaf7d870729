import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { LocalTier } from '../../src/engine/local-tier.ts';

/** Few enough that what they allocate stays in the young generation, where it can be counted. */
const HITS = 100_000;

it('a hit on a copy allocates next to nothing', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const scope = { namespace: 'shop', type: 'lead' };
  const key = { text: 'shop/lead:1', scope };
  const tier = new LocalTier({ clock: systemClock });
  tier.follow({ trustedUntil: Number.POSITIVE_INFINITY });
  tier.announce({ kind: 'up' });
  const entry = {
    id: '1',
    bytes: new Uint8Array(1_000),
    freshForMs: 60_000,
    expiresInMs: 600_000,
    loadMs: 1,
    tags: ['a'],
  };
  tier.settle(tier.begin(key), { ...entry, ageMs: 0 }, { name: 'Ada' });

  const bytesPerHit = (hits: number): number => {
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < hits; i++) if (tier.find(key.text) === undefined) throw new Error('no copy');
    return (process.memoryUsage().heapUsed - before) / hits;
  };
  for (let round = 0; round < 5; round++) bytesPerHit(HITS); // until it is compiled
  const measured = Array.from({ length: 5 }, () => bytesPerHit(HITS)).sort((a, b) => a - b);
  const startedAt = performance.now();
  bytesPerHit(HITS * 10);
  const nanoseconds = ((performance.now() - startedAt) * 1e6) / (HITS * 10);
  expect(
    measured[2],
    `bytes a hit: ${measured.map((each) => each.toFixed(1))}; ${nanoseconds.toFixed(0)} ns a hit`,
  ).toBeLessThan(32);
});
