// How long after an invalidation another process has lost its copy: from the moment the invalidation was sent, and from the
// moment it was answered. One server, then a Cluster. The monotonic clock is one for all processes of a machine.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createCache } from '@huntly/cache-core';
import { type RedisStoreOptions, redisStore } from '@huntly/cache-redis';
import { startCluster, startRedis } from '@huntly/cache-testing';
import { nanoseconds } from './announcements-listener.ts';

const CHANGES = 2_000;

const server = await startRedis();
await measure('one server', { url: server.url });
await server.stop();

const cluster = await startCluster();
await measure('a Cluster', { cluster: cluster.nodes.map(({ host, port }) => ({ host, port })) });
await cluster.stop();

async function measure(what: string, options: RedisStoreOptions): Promise<void> {
  const types = { lead: { ttl: '1h' } } as const;
  const cache = createCache({ namespace: 'bench', types, store: redisStore(options), logger: false });
  await cache.ready();
  await cache.type('lead').set('1', 'Ada');
  const listener = fork(fileURLToPath(new URL('announcements-listener.ts', import.meta.url)), [
    JSON.stringify(options),
  ]);
  await once(listener, 'message'); // it has a copy

  const sinceSent: number[] = [];
  const sinceAnswered: number[] = [];
  for (let change = 0; change < CHANGES; change++) {
    const heard = once(listener, 'message');
    const sentAt = nanoseconds();
    await cache.type('lead').invalidate('1');
    const answeredAt = nanoseconds();
    const [heardAt] = (await heard) as [number];
    sinceSent.push((heardAt - sentAt) / 1e6);
    sinceAnswered.push((heardAt - answeredAt) / 1e6);
    const hasCopy = once(listener, 'message');
    await cache.type('lead').set('1', 'Ada');
    listener.send('read');
    await hasCopy;
  }
  listener.disconnect();
  await cache.close();
  print(`${what}, ${CHANGES} invalidations; milliseconds until another process has dropped its copy`);
  print(`  since it was sent:     ${spread(sinceSent)}`);
  print(`  since it was answered: ${spread(sinceAnswered)}  (below 0: before the one who invalidated knew)`);
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number) => (sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN).toFixed(2);
  return `median ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
