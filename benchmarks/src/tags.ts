// What tags cost: a hit, a load with its fill, and twenty callers at once, over values with 0 to 1,000 tags of their
// own. Processor time of this process, of which a busy machine takes nothing away, and that of the server; as a measure
// a bare `MGET` of the same keys by ioredis. `--rounds=n`: so many rounds. Runs what was built, as `hits` does.
import { parseArgs } from 'node:util';
import { createCache } from '@huntly/cache-core';
import { redisStore } from '@huntly/cache-redis';
import { type RedisServer, startRedis } from '@huntly/cache-testing';
import { Redis } from 'ioredis';
import { spreadOf } from './rounds.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
const ROUNDS = Number(options.rounds);
const COUNTS = [0, 2, 20, 200, 1_000];
const CALLERS = 20;
const WARM_UP = 5;
/** One kB, whatever the number of leads in it. */
const RESULT = { ids: 'x'.repeat(1_000) };
const types = { search: { ttl: '1h' } } as const;

/** Milliseconds of processor time. */
interface Cost {
  readonly here: number;
  readonly server: number;
}

const server = await startRedis();
const client = new Redis(server.url);
print('processor time in ms, median (quartiles): this process; server');
print(
  ['tags', 'bare MGET', 'hit', 'hit × MGET', 'load and fill, new tags', 'load and fill, known tags'].map(cell).join(''),
);
for (const count of COUNTS) await measure(count);
print(`\n${CALLERS} callers at a time, each of a value of its own, with the store time of a request that is usual`);
print(['tags', 'first: loads', 'then: hits', 'store errors', 'ms for all, of hits'].map(cell).join(''));
for (const count of COUNTS) await measureCallers(count);
client.disconnect();
await server.stop();

function open({ url }: RedisServer, storeBudget: false | undefined) {
  const store = redisStore({ url });
  return createCache({ types, store, ...(storeBudget === false && { storeBudget }), logger: false, random: () => 0 });
}

async function measure(count: number): Promise<void> {
  await client.flushall();
  const cache = open(server, false);
  await cache.ready();
  const results = cache.type('search');
  let next = 0;
  const tags = tagsOf(0, count);
  const loaded = async (these: string[]) => {
    const claim = await results.claim(`query ${next++}`);
    if (!claim.hit) await claim.fill(RESULT, { tags: these }); // as tags that only the value tells
  };
  await loaded(tags);
  const names = ['search:query%200', 'tag:search', ...tags.map((tag) => `tag:${tag.replace(':', '%3A')}`)];
  const bare = await costOf(() => client.mgetBuffer(names));
  const hit = await costOf(() => results.get('query 0'));
  const fillOfNew = await costOf(() => loaded(tagsOf(next * 1_000, count)));
  const fillOfKnown = await costOf(() => loaded(tags));
  const ratio = spreadOf(hit.map(({ here }, index) => here / (bare[index]?.here ?? Number.NaN)));
  print(
    [
      String(count),
      text(bare),
      text(hit),
      `${ratio.median.toFixed(1)} (${ratio.low.toFixed(1)}–${ratio.high.toFixed(1)})`,
    ]
      .concat(text(fillOfNew), text(fillOfKnown))
      .map(cell)
      .join(''),
  );
  await cache.close();
}

async function measureCallers(count: number): Promise<void> {
  await client.flushall();
  const cache = open(server, undefined);
  await cache.ready();
  const results = cache.type('search');
  let loads = 0;
  const callers = Array.from({ length: CALLERS }, (_, index) => index);
  const ask = async (index: number) => {
    const claim = await results.claim(index);
    if (claim.hit) return;
    loads++;
    await claim.fill(RESULT, { tags: tagsOf(index * 1_000, count) });
  };
  await Promise.all(callers.map(ask));
  const firstLoads = loads;
  const { hits } = cache.stats().search;
  const startedAt = performance.now();
  await Promise.all(callers.map(ask));
  const ms = performance.now() - startedAt;
  const stats = cache.stats().search;
  print(
    [count, firstLoads, stats.hits - hits, stats.storeErrors, ms.toFixed(1)].map((each) => cell(String(each))).join(''),
  );
  await cache.close();
}

/** One at a time, so that each is measured by itself. */
async function costOf(work: () => Promise<unknown>): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    globalThis.gc?.({ type: 'minor' });
    const [serverBefore, before] = [await serverMs(), process.cpuUsage()];
    await work();
    const { user, system } = process.cpuUsage(before);
    const cost = { here: (user + system) / 1000, server: (await serverMs()) - serverBefore };
    if (round >= 0) costs.push(cost);
  }
  return costs;
}

/** Of its main thread, with what it takes to ask. */
async function serverMs(): Promise<number> {
  const info = await client.info('cpu');
  const sum = ['user', 'sys'].map((kind) =>
    Number(new RegExp(`used_cpu_${kind}_main_thread:([\\d.]+)`).exec(info)?.[1]),
  );
  return sum.reduce((total, seconds) => total + seconds * 1000, 0);
}

function tagsOf(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `lead:${from + index}`);
}

function text(costs: readonly Cost[]): string {
  const here = spreadOf(costs.map((cost) => cost.here));
  const there = spreadOf(costs.map((cost) => cost.server));
  return `${here.median.toFixed(2)} (${here.low.toFixed(2)}–${here.high.toFixed(2)}); ${there.median.toFixed(2)}`;
}

function cell(content: string): string {
  return content.padEnd(26);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
