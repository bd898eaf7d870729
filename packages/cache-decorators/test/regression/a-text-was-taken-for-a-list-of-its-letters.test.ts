import { createCache, type Logger } from '@huntly/cache-core';
import { expect, it, vi } from 'vitest';
import { createDecorators } from '../../src/index.ts';

// `keys: ({ id }) => id` and `tags: (id) => `lead:${id}`` without brackets: the text was spread, so keys and tags of one letter were dropped,
// nothing that was meant, and no word was said.

const types = { lead: { ttl: '1h' } } as const;
const quiet = () => ({ debug() {}, info() {}, warn: vi.fn(), error: vi.fn() }) satisfies Logger;

function start() {
  const logger = quiet();
  const cache = createCache({ types, logger });
  return { logger, cache, leads: cache.type('lead'), ...createDecorators(cache) };
}

it.each([
  ['a text', '42'],
  ['a number', 42],
  ['nothing', undefined],
  ['null', null],
])('where keys answers %s, the whole type goes, and it is said', async (_what, answer) => {
  const { logger, leads, invalidating } = start();
  await leads.set(42, 'old');
  const save = invalidating(async () => 'saved', 'lead', { keys: () => answer as never });
  expect(await save()).toBe('saved');
  expect(await leads.get(42)).toBeUndefined();
  expect(logger.error).toHaveBeenCalledOnce();
});

it('tags that are no list reject before the method runs', async () => {
  const { invalidating } = start();
  const write = vi.fn(async (id: number) => id);
  const save = invalidating(write, 'lead', (id) => id, { tags: (id) => `lead:${id}` as never });
  await expect(save(42)).rejects.toThrow('tags must be an array; got string');
  expect(write).not.toHaveBeenCalled();
});

it('resultTags that are no list are said', async () => {
  const { logger, invalidating } = start();
  const write = async (id: number) => id;
  const save = invalidating(write, 'lead', (id) => id, { resultTags: (id) => `lead:${id}` as never });
  expect(await save(42)).toBe(42);
  expect(logger.error).toHaveBeenCalledOnce();
});
