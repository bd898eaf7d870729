import keySlot from 'cluster-key-slot';
import type { RedisClient, RedisClusterClient } from '../connection/client.ts';
import type { Connection } from '../connection/connection.ts';

/** More arguments than this in one command hold up everybody else's. */
const CHUNK = 500;

/** The values of many keys in order: one `MGET`, or on Cluster one pipeline a node. */
export async function readMany(connection: Connection, keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
  if (keys.length === 0) return [];
  if (!connection.isCluster) return connection.client.mgetBuffer([...keys]);
  const found = new Map<string, Buffer | null>();
  await eachNode(connection, keys, async (group) => {
    const pipeline = connection.client.pipeline();
    for (const key of group) pipeline.getBuffer(key);
    const replies = results(await pipeline.exec());
    for (const [index, key] of group.entries()) found.set(key, (replies[index] as Buffer | null | undefined) ?? null);
  });
  return keys.map((key) => found.get(key) ?? null);
}

/** Removes keys of any slot through the whole connection, or through one primary. */
export async function unlinkMany(
  connection: Connection,
  keys: readonly string[],
  primary?: RedisClient,
): Promise<number> {
  let removed = 0;
  for (let done = 0; done < keys.length; done += CHUNK) {
    const chunk = keys.slice(done, done + CHUNK);
    if (!connection.isCluster) {
      removed += await connection.client.unlink(chunk);
      continue;
    }
    const remove = async (client: RedisClient, group: readonly string[]) => {
      const pipeline = client.pipeline();
      for (const key of group) pipeline.unlink(key); // one key a command: those of a node are still of many slots
      for (const reply of results(await pipeline.exec())) removed += Number(reply);
    };
    if (primary) await remove(primary, chunk);
    else await eachNode(connection, chunk, (group) => remove(connection.client, group));
  }
  return removed;
}

/** Calls `send` once for each node, with the keys that it holds by the client's map of slots. */
async function eachNode(
  connection: Connection,
  keys: readonly string[],
  send: (group: string[]) => Promise<void>,
): Promise<void> {
  const { slots } = connection.client as RedisClusterClient;
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const node = slots[keySlot(key)]?.[0] ?? '';
    const group = groups.get(node);
    if (group) group.push(key);
    else groups.set(node, [key]);
  }
  await Promise.all([...groups.values()].map(send));
}

/** ioredis resolves a pipeline whose commands failed: each reply must be looked at. */
function results(replies: readonly (readonly [error: Error | null, result: unknown])[] | null): unknown[] {
  if (!replies) throw new Error('The pipeline was not sent.');
  return replies.map(([error, result]) => {
    if (error) throw error;
    return result;
  });
}
