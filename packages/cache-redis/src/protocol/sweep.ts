import {
  type Clock,
  leaseKey,
  type Pattern,
  StoreUnavailableError,
  type SweepOptions,
  valueKeyOf,
} from '@huntly/cache-core';
import type { RedisClient, RedisClusterClient } from '../connection/client.ts';
import type { Connection } from '../connection/connection.ts';
import { codeOf, redactError } from '../redaction.ts';
import { unlinkFrom } from './many.ts';
import { readTopology, type Topology } from './topology.ts';

/** Keys looked at by one `SCAN`. With 1,000 others wait longer, with 100 the sweep takes longer: `npm run bench`. */
const SCAN_COUNT = 250;
/** A sweep that cannot be trusted starts over, so many times in all, after pauses that double: 1.5 s together. */
const MAX_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 100;
/** What the nodes of a Cluster answer, or fail to answer, while slots or primaries change. */
const PASSING = new Set([
  'MOVED',
  'ASK',
  'TRYAGAIN',
  'CLUSTERDOWN',
  'READONLY',
  'LOADING',
  'CLOSED',
  'NOT_READY',
  'ECONNREFUSED',
  'ECONNRESET',
]);

export interface Sweep {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly pattern: Pattern;
  readonly options: SweepOptions;
  /** Drops all values of the type of the pattern by its tag. */
  readonly dropType: () => Promise<unknown>;
}

/**
 * Removes the keys of a pattern from every primary: **all leases first, then values** (P1). A load that began before
 * the sweep either still holds its lease while the leases are scanned, and will be refused, or has filled before the
 * values are. So every lease on every primary is gone before the first value is looked for.
 *
 * `SCAN` may miss a key that moves from one primary to another meanwhile. So the sweep begins when no slot is on its
 * way, and counts only if nothing was changed at its end; else it starts over. Slots may move for hours, so after a
 * while the whole type is dropped instead, where the caller allows it.
 */
export async function sweep({ connection, clock, pattern, options, dropType }: Sweep): Promise<number> {
  const progress = { removed: 0 };
  for (let attempt = 1; ; attempt++) {
    const trouble = await attemptToSweep(connection, pattern, options, progress);
    if (!trouble) return progress.removed;
    if (connection.status().state !== 'ready') throw trouble; // a store that is gone refuses at once
    if (attempt === MAX_ATTEMPTS) {
      if (options.dryRun || !options.onWidened) throw trouble;
      await dropType();
      options.onWidened(trouble.message);
      return progress.removed;
    }
    await pause(clock, FIRST_PAUSE_MS * 2 ** (attempt - 1));
    options.signal?.throwIfAborted();
    await lookForPrimaries(connection);
  }
}

/** @returns why the sweep must start over. @throws what starting over would not mend */
async function attemptToSweep(
  connection: Connection,
  pattern: Pattern,
  options: SweepOptions,
  progress: { removed: number },
): Promise<Error | undefined> {
  const primaries = connection.primaries();
  if (options.dryRun) progress.removed = 0;
  try {
    const before = await readTopology(connection, primaries);
    if (before.kind === 'unsettled') return obstacle(before.reason);
    if (!options.dryRun) {
      await Promise.all(primaries.map((primary) => removeLeases(connection, primary, pattern, options.signal)));
    }
    for (const primary of primaries) await sweepValues(connection, primary, pattern, options, progress);
    return changeSince(before, await readTopology(connection, connection.primaries()));
  } catch (error) {
    options.signal?.throwIfAborted();
    if (PASSING.has(codeOf(error))) return redactError(error);
    throw error;
  }
}

function changeSince(before: Topology & { kind: 'settled' }, after: Topology): Error | undefined {
  if (after.kind === 'unsettled') return obstacle(after.reason);
  return after.text === before.text ? undefined : obstacle('the primaries or their slots have changed');
}

function obstacle(reason: string): Error {
  return new StoreUnavailableError(`The Cluster is being changed: ${reason}.`);
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}

/** The client learns of a new primary with the first command for one of its slots. There may have been none. */
async function lookForPrimaries({ isCluster, client }: Connection): Promise<void> {
  if (!isCluster) return;
  await new Promise<void>((resolve) => (client as RedisClusterClient).refreshSlotsCache(resolve));
}

async function removeLeases(
  connection: Connection,
  primary: RedisClient,
  pattern: Pattern,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const names of scan(primary, leaseKey(pattern.scope, pattern.keyGlob), signal)) {
    const mine = names.filter((name) => pattern.matches(valueKeyOf(name)));
    await unlinkFrom(primary, mine, connection);
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
    progress.removed += options.dryRun ? batch.length : await unlinkFrom(primary, batch, connection);
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
