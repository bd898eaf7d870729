// How long invalidations take in a store of a million entries, and what another client notices of a sweep. Quiet times, scans
// and sweeps take turns, so that a machine that is busy for a while does not decide; what is shown is the median of the rounds.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { startRedis } from '@huntly/cache-testing';
import { Redis } from 'ioredis';

const LEADS = 1_000_000;
const SEARCHES = 100_000;
const WRITTEN_AT_ONCE = 10_000;
const ROUNDS = 7;
const SWEPT_AT_ONCE = 100; // the default of a cache

const server = await startRedis();
const client = new Redis(server.url);
const store = redisStore({ url: server.url });
const cache = createCache({ types: { lead: { ttl: '1d' }, search: { ttl: '1d' } }, store, logger: false });
await cache.ready();

await fill('lead', LEADS);
print(`${LEADS} entries of 1 kB of the type "lead", and before each sweep ${SEARCHES} of the type "search"`);

const rounds: { quiet: number; busy: number; scan: number; sweep: number }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  await fill('search', SEARCHES);
  const quiet = await latencyDuring(() => delay(2_000));
  const scan = await timed(bareScan);
  let sweep = 0;
  const busy = await latencyDuring(async () => {
    sweep = await timed(() => cache.invalidatePattern('search:*', { batchSize: SWEPT_AT_ONCE }));
  });
  rounds.push({ quiet, busy, scan, sweep });
}
const of = (measure: (round: (typeof rounds)[number]) => number) => rounds.map(measure);
print(`one bare SCAN over all keys (COUNT 1000): ${spread(of(({ scan }) => scan))} ms`);
print(`sweep of "search:*" in batches of ${SWEPT_AT_ONCE}: ${spread(of(({ sweep }) => sweep))} ms`);
print(`  × the bare SCAN of its round: ${spread(of(({ sweep, scan }) => sweep / scan))} (at most 3)`);
print(`another client's GET, p99, quiet: ${spread(of(({ quiet }) => quiet))} ms`);
print(`  during the sweep: ${spread(of(({ busy }) => busy))} ms`);
print(`  × the quiet one of its round: ${spread(of(({ busy, quiet }) => busy / quiet))} (at most 3)`);

await cache.type('lead').set('warm', 'up');
const types = await repeated(() => cache.type('lead').invalidateAll());
print(`invalidating the type "lead" of ${LEADS} entries: ${spread(types)} ms (at most 5)`);
print(`invalidating a tag: ${spread(await repeated(() => cache.invalidateTags(['acme'])))} ms`);

await cache.close();
client.disconnect();
await server.stop();

/** Writes entries as the store does, but many at a time: the bytes of one that it wrote itself. */
async function fill(type: 'lead' | 'search', count: number): Promise<void> {
  await cache.type(type).set('template', { text: 'x'.repeat(1000) });
  const value = (await client.getBuffer(`${type}:template`)) ?? Buffer.alloc(0);
  for (let done = 0; done < count; done += WRITTEN_AT_ONCE) {
    const pipeline = client.pipeline();
    for (let index = done; index < done + WRITTEN_AT_ONCE; index++)
      pipeline.set(`${type}:${index}`, value, 'PX', 86_400_000);
    await pipeline.exec();
  }
}

async function bareScan(): Promise<void> {
  let cursor = '0';
  do [cursor] = await client.scan(cursor, 'COUNT', 1000);
  while (cursor !== '0');
}

/** The 99th percentile of the time of another client's GET while `body` runs. */
async function latencyDuring(body: () => Promise<unknown>): Promise<number> {
  const reader = new Worker(new URL('reader.mjs', import.meta.url), { workerData: server.url });
  await once(reader, 'message');
  await body();
  reader.postMessage('stop');
  const [times] = (await once(reader, 'message')) as [number[]];
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length * 0.99)] ?? 0;
}

async function repeated(body: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 21; round++) times.push(await timed(body));
  return times;
}

async function timed(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/** Median, lowest and highest. */
function spread(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [median = 0, lowest = 0, highest = 0] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)];
  return `${short(median)} (${short(lowest)} to ${short(highest)})`;
}

function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
