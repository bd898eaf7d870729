import { expect, it } from 'vitest';
import { createCache, LoadCycleError } from '../../src/index.ts';
import { settle } from '../../src/testing/index.ts';

// With `enabled: false` two loaders that ask for each other went on for ever: each turn asked the source again.

function open() {
  const cache = createCache({ types: { lead: { ttl: '1h' }, report: { ttl: '1h' } }, enabled: false, logger: false });
  return { leads: cache.type('lead'), reports: cache.type('report') };
}

it('ends with the error that it has where the cache is on', async () => {
  const { leads, reports } = open();
  let loads = 0;
  const lead = async (): Promise<string> => {
    await settle();
    if (++loads > 10) throw new Error('endless');
    return reports.getOrSet(7, report);
  };
  const report = (): Promise<string> => leads.getOrSet(1, lead);
  const error: unknown = await leads.getOrSet(1, lead).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LoadCycleError);
  expect(String(error)).toContain('lead:1 → report:7 → lead:1');
  expect(loads).toBe(1);
});

it('ends through getOrSetMany', async () => {
  const { leads, reports } = open();
  const many = (ids: readonly unknown[]): Promise<string[]> =>
    Promise.all(ids.map((id) => reports.getOrSet(id as number, () => leads.getOrSet(2, () => 'never'))));
  await expect(leads.getOrSetMany([1, 2], many)).rejects.toThrow(LoadCycleError);
});

it('is none where a loader asks for another key, or for its own in a later request', async () => {
  const { leads, reports } = open();
  const report = () => reports.getOrSet(7, () => 'rows');
  expect(await leads.getOrSet(1, report)).toBe('rows');
  expect(await leads.getOrSet(1, report)).toBe('rows');
});
