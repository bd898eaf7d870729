// What a process keeps of what it was asked: 2,000,000 keys, 100,000 tags, and 20,000 children that are opened and closed. The heap after
// collection must be within 20 MB of its start, while the cache is still open. `npm run memory`; `npm run memory -- redis` on a Redis of its own.
// Of local copies there are few, since their number is for an option to say: 10,000 of these values take 10 MB.
import { type Cache, createCache, type Store } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { startRedis } from '@huntly/cache-testing';

const KEYS = 2_000_000;
const TAGS = 100_000;
const CHILDREN = 20_000;
const AT_ONCE = 500;
const MOST_BYTES = 20_000_000;
const MEGABYTE = 1_000_000;

const types = {
  lead: { ttl: '1h' },
  search: { ttl: '1h', identifier: 'query' },
  user: { ttl: '1h', identifier: 'private' },
  report: { ttl: '1h', grace: '1h' },
  suggestions: { ttl: '1h' },
} as const;

const { gc } = globalThis;
if (!gc) throw new Error('Run it with node --expose-gc.');

const server = process.argv[2] === 'redis' ? await startRedis() : undefined;
const store: Store | undefined = server && redisStore({ url: server.url });

// Once in small, so that code is compiled and what is made once is made.
await useUp(open(), { keys: 20_000, tags: 2_000, children: 200 });
const cache = open();
await cache.ready();
const start = await heap();
print(`heap at the start: ${megabytes(start)}`);
await useUp(cache, { keys: KEYS, tags: TAGS, children: CHILDREN });
const grown = (await heap()) - start;
print(`grown in all: ${megabytes(grown)} (at most ${megabytes(MOST_BYTES)})`);
await cache.close();
print(`once it is closed: ${megabytes((await heap()) - start)}`);
await server?.stop();
if (grown > MOST_BYTES) process.exitCode = 1;

function open(): Cache<typeof types> {
  return createCache({
    types,
    namespace: 'shop',
    logger: false,
    local: { maxEntries: 1_000 },
    ...(store && { store }),
  });
}

interface Amount {
  readonly keys: number;
  readonly tags: number;
  readonly children: number;
}

async function useUp(used: Cache<typeof types>, { keys, tags, children }: Amount): Promise<void> {
  const before = await heap();
  const since = async (what: string) => print(`${what}: ${megabytes((await heap()) - before)}`);
  for (let key = 0; key < keys; key += AT_ONCE) {
    const ids = Array.from({ length: AT_ONCE }, (_, index) => `lead-${key + index}`);
    const leadOf = (id: unknown) => ({ id, name: 'Ada' });
    // Each is stored and read, and one in ten loaded, which takes longest.
    if (key % (10 * AT_ONCE) === 0) await used.type('lead').getOrSetMany(ids, (missing) => missing.map(leadOf));
    else await used.type('lead').setMany(ids.map((id) => [id, leadOf(id)] as const));
    await used.type('lead').getMany(ids);
  }
  await used.type('user').getOrSet('ada@example.com', () => 'Ada');
  await since(`${keys} keys`);
  for (let tag = 0; tag < tags; tag += AT_ONCE) {
    const names = Array.from({ length: AT_ONCE }, (_, index) => `company:${tag + index}`);
    await used.type('report').set(tag, 'report', { tags: names.slice(0, 20) });
    await used.invalidateTags(names);
  }
  await since(`${tags} tags`);
  for (let index = 0; index < children; index++) {
    const child = used.child(`tenant-${index}`);
    child.on('store', () => {});
    for (const type of ['lead', 'report', 'suggestions'] as const) await child.type(type).getOrSet(index, () => 'Ada');
    await child.type('search').getOrSet({ text: 'ada', index }, () => ['Ada']);
    await child.type('user').getOrSet(`user-${index}`, () => 'Ada');
    await child.close();
  }
  await since(`${children} children`);
}

/** After what is under way, so that only what is kept is counted. */
async function heap(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    gc?.();
  }
  return process.memoryUsage().heapUsed;
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
