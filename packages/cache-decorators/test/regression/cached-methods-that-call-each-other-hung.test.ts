import { createCache, LoadCycleError } from '@huntly/cache-core';
import { expect, it } from 'vitest';
import { createDecorators } from '../../src/index.ts';

it('cached functions that call each other after an await end with an error that names their keys', async () => {
  const cache = createCache({ types: { report: { ttl: '1h', backoff: 0 } }, logger: false });
  const { cached } = createDecorators(cache);
  const pause = () => new Promise<void>((resolve) => setImmediate(resolve));
  const one: () => Promise<string> = cached(
    async () => {
      await pause();
      return two();
    },
    'report',
    () => 'one',
  );
  const two: () => Promise<string> = cached(
    async () => {
      await pause();
      return one();
    },
    'report',
    () => 'two',
  );
  const error = await one().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LoadCycleError);
  expect(String(error)).toContain('report:two → report:one → report:two');
  await cache.close();
});
