import keySlot from 'cluster-key-slot';
import type { RedisClient, RedisClusterClient, RedisPipeline } from '../connection/client.ts';
import type { Connection } from '../connection/connection.ts';
import { codeOf } from '../redaction.ts';

/** Larger commands would delay other commands. Reads come with their nonces: 500 keys still fit. */
const READ_AT_ONCE = 1_000;
const REMOVED_AT_ONCE = 500;

/** What the server says of a key: its text, nothing, or why it says neither. */
export type Answer = Buffer | null | Error;
export type Part = ReadonlyMap<string, Answer>;

/** The values of many keys in order. @throws the first error, if one key has no answer */
export async function readMany(connection: Connection, keys: readonly string[]): Promise<readonly (Buffer | null)[]> {
  const found = new Map<string, Answer>();
  await fetchMany(connection, keys, (part) => {
    for (const [key, answer] of part) found.set(key, answer);
  });
  return keys.map((key) => {
    const answer = found.get(key) ?? null;
    if (answer instanceof Error) throw answer;
    return answer;
  });
}

/**
 * Asks for many keys: one `MGET` for 1,000, or on Cluster one pipeline a node. `onPart` hears what has come as soon as
 * it is there: a node that is gone, or a key that this user may not read, costs no other key its answer. Never rejects;
 * when it resolves, each key was answered. A key that holds a hash, a list or the like counts as absent, as `MGET` has
 * it.
 */
export async function fetchMany(
  connection: Connection,
  keys: readonly string[],
  onPart: (part: Part) => void,
  onRefused: (error: unknown) => void = ignore,
): Promise<void> {
  if (keys.length === 0) return;
  const { client } = connection;
  // Parts need not be of one moment: a value and its nonces are compared wherever they come from.
  if (connection.isCluster) await eachNode(connection, keys, (group) => fetchOneByOne(client, group, onPart));
  else await Promise.all(chunks(keys, READ_AT_ONCE).map((chunk) => fetchTogether(client, chunk, onPart, onRefused)));
}

/** On one server. If one of the keys may not be read, or `MGET` may not be used, each key is read by itself. */
async function fetchTogether(
  client: RedisClient,
  keys: string[],
  onPart: (part: Part) => void,
  onRefused: (error: unknown) => void,
): Promise<void> {
  try {
    const values = await client.mgetBuffer(keys);
    onPart(new Map(keys.map((key, index) => [key, values[index] ?? null])));
  } catch (error) {
    if (codeOf(error) === 'NOPERM') {
      onRefused(error);
      await fetchOneByOne(client, keys, onPart);
    } else onPart(new Map(keys.map((key) => [key, asError(error)])));
  }
}

function ignore(): void {}

/** In one pipeline. What has moved elsewhere, as slots do, is asked for by itself, wherever it is now. */
async function fetchOneByOne(
  client: RedisClient,
  keys: readonly string[],
  onPart: (part: Part) => void,
): Promise<void> {
  const pipeline = client.pipeline();
  for (const key of keys) pipeline.getBuffer(key);
  const sent = pipeline.exec();
  const answers = await Promise.all(
    keys.map((_key, index) => answerOf(sent.then((replies) => replyAt(replies, index)))),
  );
  const part = new Map<string, Answer>();
  const elsewhere: string[] = [];
  for (const [index, key] of keys.entries()) {
    const answer = answers[index] ?? null;
    if (answer instanceof Error && NOT_RUN.has(codeOf(answer))) elsewhere.push(key);
    else part.set(key, answer);
  }
  onPart(part);
  await Promise.all(elsewhere.map(async (key) => onPart(new Map([[key, await answerOf(client.getBuffer(key))]]))));
}

/** `GET` refuses what is no text. */
async function answerOf(reply: Promise<unknown>): Promise<Answer> {
  try {
    return (await reply) as Buffer | null;
  } catch (error) {
    return codeOf(error) === 'WRONGTYPE' ? null : asError(error);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('Something was thrown that is no Error.', { cause: error });
}

/** Removes keys of any slot. */
export async function unlinkMany(connection: Connection, keys: readonly string[]): Promise<void> {
  const { client } = connection;
  for (const chunk of chunks(keys, REMOVED_AT_ONCE)) {
    if (!connection.isCluster) await client.unlink(chunk);
    else {
      await eachNode(connection, chunk, async (group) => {
        await Promise.all(together(client, group, addUnlink, (key) => client.unlink(key)));
      });
    }
  }
}

/** Removes keys that one primary has. @throws its error for a key that it does not serve: no other node is asked */
export async function unlinkFrom(
  primary: RedisClient,
  keys: readonly string[],
  { isCluster }: Connection,
): Promise<number> {
  let removed = 0;
  for (const chunk of chunks(keys, REMOVED_AT_ONCE)) {
    if (!isCluster) removed += await primary.unlink(chunk);
    else for (const reply of await Promise.all(together(primary, chunk, addUnlink))) removed += Number(reply);
  }
  return removed;
}

/** One key a command: the keys of a node are still of many slots. */
function addUnlink(pipeline: RedisPipeline, key: string): unknown {
  return pipeline.unlink(key);
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

/**
 * Calls `send` once for each node, with the keys that it holds by the client's map of slots. Those of one pipeline must
 * have the same replicas as well, in the eyes of ioredis.
 */
export async function eachNode(
  connection: Connection,
  keys: readonly string[],
  send: (group: string[]) => Promise<void>,
): Promise<void> {
  const { slots } = connection.client as RedisClusterClient;
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const nodes = slots[keySlot(key)]?.join() ?? '';
    const group = groups.get(nodes);
    if (group) group.push(key);
    else groups.set(nodes, [key]);
  }
  await Promise.all([...groups.values()].map(send));
}

/**
 * What shows that a command of a pipeline has not run: slots move and its key is elsewhere, or the node there does not
 * know the script.
 */
const NOT_RUN = new Set(['MOVED', 'ASK', 'TRYAGAIN', 'CROSSSLOT', 'NOSCRIPT']);

/**
 * One command for each key, in one pipeline; a reply for each. While slots move, the node that a pipeline goes to may
 * not have all of the keys, and the client may not know: then `alone` asks for such a key by itself, wherever it is
 * now.
 */
export function together<T>(
  client: RedisClient,
  keys: readonly string[],
  add: (pipeline: RedisPipeline, key: string) => unknown,
  alone?: (key: string) => Promise<T>,
): Promise<T>[] {
  const pipeline = client.pipeline();
  for (const key of keys) add(pipeline, key);
  const sent = pipeline.exec();
  return keys.map(async (key, index) => {
    try {
      return replyAt(await sent, index) as T;
    } catch (error) {
      if (alone && NOT_RUN.has(codeOf(error))) return alone(key);
      throw error;
    }
  });
}

/** ioredis resolves a pipeline whose commands failed: each reply must be looked at. */
function replyAt(replies: Awaited<ReturnType<RedisPipeline['exec']>>, index: number): unknown {
  const [error, reply] = replies?.[index] ?? [new Error('The pipeline was not answered.'), undefined];
  if (error) throw error;
  return reply;
}
