import type { Pattern, SweepOptions } from '@huntly/cache-core';
import type { RedisClient, RedisClusterClient } from '../connection/client.ts';
import type { Connection } from '../connection/connection.ts';
import { leaseKeyOf } from './keyspace.ts';
import { unlinkMany } from './many.ts';

/** Keys looked at by one `SCAN`: measured as the best trade between the time of a sweep and the wait of others. */
const SCAN_COUNT = 1000;
/** A sweep during which the primaries changed starts over; after so many times it gives up. */
const MAX_ATTEMPTS = 5;

/**
 * Removes the keys of a pattern from every primary: **all leases first, then values** (P1). A load that began before the
 * sweep either still holds its lease while the leases are scanned, and will be refused, or has filled before the values are.
 * So every lease on every primary is gone before the first value is looked for.
 */
export async function sweep(connection: Connection, pattern: Pattern, options: SweepOptions): Promise<number> {
  const leases = leaseKeyOf(pattern.scope, pattern.keyGlob);
  for (let attempt = 1; ; attempt++) {
    const primaries = connection.primaries();
    const topology = topologyOf(connection);
    if (!options.dryRun) {
      await Promise.all(primaries.map((primary) => removeLeases(connection, primary, pattern, leases, options.signal)));
    }
    const progress = { removed: 0 };
    for (const primary of primaries) await sweepValues(connection, primary, pattern, options, progress);
    if (topologyOf(connection) === topology) return progress.removed;
    if (attempt === MAX_ATTEMPTS) throw new Error('The primaries of the Cluster kept changing during the sweep.');
  }
}

/** Who serves what, as far as the client knows. */
function topologyOf(connection: Connection): string {
  if (!connection.isCluster) return '';
  return (connection.client as RedisClusterClient).slots.map(([primary]) => primary).join();
}

async function removeLeases(
  connection: Connection,
  primary: RedisClient,
  pattern: Pattern,
  glob: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const names of scan(primary, glob, signal)) {
    const mine = names.filter((name) => pattern.matches(name.slice(name.indexOf('{') + 1, -1)));
    await unlinkMany(connection, mine, primary);
  }
}

async function sweepValues(
  connection: Connection,
  primary: RedisClient,
  pattern: Pattern,
  options: SweepOptions,
  progress: { removed: number },
): Promise<void> {
  let batch: string[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    progress.removed += options.dryRun ? batch.length : await unlinkMany(connection, batch, primary);
    batch = [];
    options.onProgress?.(progress.removed);
  };
  const seen = new Set<string>(); // SCAN may name a key twice
  for await (const names of scan(primary, pattern.keyGlob, options.signal)) {
    for (const name of names) {
      if (seen.has(name) || !pattern.matches(name)) continue;
      if (options.dryRun) seen.add(name);
      batch.push(name);
      if (batch.length >= options.batchSize) await flush();
      options.signal?.throwIfAborted();
    }
  }
  await flush();
}

async function* scan(primary: RedisClient, glob: string, signal: AbortSignal | undefined): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    signal?.throwIfAborted();
    const [next, names] = await primary.scan(cursor, 'MATCH', glob, 'COUNT', SCAN_COUNT);
    cursor = next;
    yield names;
  } while (cursor !== '0');
}
