import { expect, it } from 'vitest';
import { createCache, memoryStore, systemClock } from '../../src/index.ts';

// The answer of a read came while the process did other work, longer than the budget: no time was left for the lease. So each reader
// loaded, nothing was stored, and the log said that the store does not answer.
it('leaves time for the lease when the process was busy while the answer came', async () => {
  let busyMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + busyMs };
  const store = memoryStore({ clock });
  const read = store.read.bind(store);
  store.read = async (keys, call) => {
    const replies = await read(keys, call);
    busyMs += 60;
    return replies;
  };
  const warnings: string[] = [];
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: (_: object, line: string) => warnings.push(line), error: silent };
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, storeBudget: '50ms', clock, logger });
  let loads = 0;
  for (let request = 0; request < 3; request++) {
    await cache.type('lead').getOrSet('1', () => {
      loads++;
      return 'Ada';
    });
  }
  await cache.close();
  expect({ loads, warnings, errors: cache.stats().lead.storeErrors }).toEqual({ loads: 1, warnings: [], errors: 0 });
});
