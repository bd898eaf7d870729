// How long invalidations take in a store of a million entries, and what another client notices of a sweep.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { startRedis } from '@huntly/cache-testing';
import { Redis } from 'ioredis';

const LEADS = 900_000;
const SEARCHES = 100_000;
const BATCH = 10_000;

const server = await startRedis();
const client = new Redis(server.url);
const store = redisStore({ url: server.url });
const cache = createCache({ types: { lead: { ttl: '1d' }, search: { ttl: '1d' } }, store, logger: false });
await cache.ready();

await fill('lead', LEADS);
await fill('search', SEARCHES);
print(`${LEADS + SEARCHES} entries of 1 kB, ${SEARCHES} of them of the type "search"`);

const quiet = await latencies(async () => delay(3_000));
const scan = await timed(bareScan);
print(`one bare SCAN over all keys (COUNT 1000): ${ms(scan)}`);

let sweep = 0;
const busy = await latencies(async () => {
  sweep = await timed(() => cache.invalidatePattern('search:*', { batchSize: 1000 }));
});
print(`sweep of "search:*" in batches of 1000: ${ms(sweep)}, ${ratio(sweep, scan)} × the bare SCAN`);
print(`another client's GET, p99: ${ms(quiet)} quiet, ${ms(busy)} during the sweep, ${ratio(busy, quiet)} ×`);

await cache.type('lead').set('warm', 'up');
print(
  `invalidating the type "lead" of ${LEADS} entries: ${ms(await median(() => cache.type('lead').invalidateAll()))}, median of 9`,
);
print(`invalidating a tag: ${ms(await median(() => cache.invalidateTags(['acme'])))}, median of 9`);

await cache.close();
client.disconnect();
await server.stop();

/** Writes entries as the store does, but many at a time: the bytes of one that it wrote itself. */
async function fill(type: 'lead' | 'search', count: number): Promise<void> {
  await cache.type(type).set('template', { text: 'x'.repeat(1000) });
  const value = (await client.getBuffer(`${type}:template`)) ?? Buffer.alloc(0);
  for (let done = 0; done < count; done += BATCH) {
    const pipeline = client.pipeline();
    for (let index = done; index < done + BATCH; index++) pipeline.set(`${type}:${index}`, value, 'PX', 86_400_000);
    await pipeline.exec();
  }
}

async function bareScan(): Promise<void> {
  let cursor = '0';
  do [cursor] = await client.scan(cursor, 'COUNT', 1000);
  while (cursor !== '0');
}

/** The 99th percentile of the time of another client's GET while `body` runs. */
async function latencies(body: () => Promise<unknown>): Promise<number> {
  const reader = new Worker(new URL('reader.mjs', import.meta.url), { workerData: server.url });
  await once(reader, 'message');
  await body();
  reader.postMessage('stop');
  const [times] = (await once(reader, 'message')) as [number[]];
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? 0;
}

async function median(body: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 9; round++) times.push(await timed(body));
  times.sort((a, b) => a - b);
  return times[4] ?? 0;
}

async function timed(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

function ratio(value: number, base: number): string {
  return (value / base).toFixed(1);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
