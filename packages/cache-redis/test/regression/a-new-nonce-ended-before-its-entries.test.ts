import { type Cache, createCache } from '@huntly/cache-core';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { redisStore } from '../../src/index.ts';
import { ready } from '../support/ready.ts';

// How long a nonce lives was remembered by its tag. After an invalidation there is a new nonce with the usual life of a day, which was
// not extended any more: entries that should have lived for sixty days were misses after one.

const SIXTY_DAYS = 60 * 86_400_000 - 60_000;
const TAGS = ['tag:lead', 'tag:acme'];

let server: RedisServer;
let cache: Cache<{ lead: { ttl: '60d' } }>;
beforeAll(async () => {
  server = await startRedis();
  const store = redisStore({ url: server.url });
  await ready(store);
  cache = createCache({ types: { lead: { ttl: '60d' } }, store, storeBudget: false, logger: false });
});
afterAll(async () => {
  await cache.close();
  await server.stop();
});

async function expectLongLives(): Promise<void> {
  for (const tag of TAGS) expect(Number(await server.cli('PTTL', tag)), tag).toBeGreaterThan(SIXTY_DAYS);
}

it.each([
  ['set', async () => void (await cache.type('lead').set(1, 'Ada', { tags: ['acme'] }))],
  ['a load with a known tag', async () => fill({ tags: ['acme'] })],
  ['a load with a late tag', async () => fill({ tags: () => ['acme'] })],
])('%s, again after its tags were invalidated', async (_name, store: () => Promise<void>) => {
  await store();
  await expectLongLives();
  await cache.invalidateTags(['acme', 'lead']);
  await store();
  await expectLongLives();
  await cache.invalidateTags(['acme', 'lead']);
});

async function fill(options: { tags: string[] | (() => string[]) }): Promise<void> {
  const leads = cache.type('lead');
  await leads.getOrSet(2, () => 'Bob', options);
  await vi.waitFor(async () => expect(await leads.get(2)).toBe('Bob'));
}
