import { expect, it, vi } from 'vitest';
import { createCache, memoryStore, StoreUnavailableError } from '../../src/index.ts';

/** A store that cannot look at all keys, as a Cluster whose slots move. */
function unsettledCache() {
  const store = memoryStore();
  vi.spyOn(store, 'sweep').mockImplementation(async (_pattern, { onWidened }) => {
    if (!onWidened) throw new StoreUnavailableError('slots are moving.');
    onWidened('slots are moving.');
    return 0;
  });
  const warn = vi.fn();
  const logger = { debug() {}, info() {}, warn, error: warn };
  const cache = createCache({ types: { lead: { ttl: '1h' }, legacy: { ttl: '1h', foreign: true } }, store, logger });
  return { cache, warn };
}

it('a pattern for which a store dropped the whole type is a warning', async () => {
  const { cache, warn } = unsettledCache();
  expect(await cache.invalidatePattern('lead:4*')).toBe(0);
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ type: 'lead', reason: 'slots are moving.' }),
    expect.stringContaining('all values of the type dropped'),
  );
});

it('a store may not do so for a type with values of other programs: they carry no tag', async () => {
  const { cache, warn } = unsettledCache();
  await expect(cache.invalidatePattern('legacy:4*')).rejects.toThrow('not invalidated to its end');
  expect(warn).not.toHaveBeenCalled();
});
