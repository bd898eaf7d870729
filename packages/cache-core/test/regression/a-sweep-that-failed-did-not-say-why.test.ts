import { expect, it } from 'vitest';
import { createCache, InvalidationError, memoryStore, StoreUnavailableError } from '../../src/index.ts';

it('an unreachable store is named in the error of a pattern, and is its cause', async () => {
  const store = memoryStore();
  const reason = new StoreUnavailableError('The store is not asked now: ECONNREFUSED.');
  store.sweep = () => Promise.reject(reason);
  const cache = createCache({ types: { lead: { ttl: '1h' } }, store, logger: false });
  const error: unknown = await cache.invalidatePattern('lead:4*').catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(InvalidationError);
  expect(error).toMatchObject({
    message:
      'The pattern of type "lead" was not invalidated to its end. The store is not asked now: ECONNREFUSED. Repeat it.',
    cause: reason,
  });
});
